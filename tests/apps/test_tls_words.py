"""The facts of TLS as WSGI and ASGI applications know them: names as mod_ssl has them, and as RFC 4514 writes them."""

import ssl
from pathlib import Path

import pytest

from fastnet.apps.tls_words import distinguished_name, environ_of, extension_of
from fastnet.protocols import TLSFacts
from fastnet.servers.tls_certificates import facts_of_file
from tests.servers.certificates import Certificates


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> TLSFacts:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    text = Path(certificates.cert).read_text()
    der = ssl.PEM_cert_to_DER_cert(text[: text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)])
    shown = facts_of_file(certificates.cert)
    return TLSFacts("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", None, "a.example", shown, True, (der,), "own")


def test_without_a_client_certificate() -> None:
    facts = TLSFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert environ_of(facts) == {
        "wsgi.url_scheme": "https",
        "REQUEST_SCHEME": "https",
        "HTTPS": "on",
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": "TLS_AES_256_GCM_SHA384",
        "SSL_SESSION_RESUMED": "Initial",
        "SSL_CLIENT_VERIFY": "NONE",
    }
    assert extension_of(facts) == {
        "server_cert": None,
        "client_cert_chain": [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": 0x1302,
    }


def test_with_one(facts: TLSFacts) -> None:
    environ = environ_of(facts)
    assert environ["SSL_CLIENT_VERIFY"] == "SUCCESS" and environ["SSL_SESSION_RESUMED"] == "Resumed"
    assert environ["SSL_TLS_SNI"] == "a.example" and environ["SSL_CLIENT_M_VERSION"] == "3"
    assert environ["SSL_CLIENT_S_DN"].startswith("OU=Testing cert") and ",O=trustme v" in environ["SSL_CLIENT_S_DN"]
    assert environ["SSL_CLIENT_I_DN"] and environ["SSL_CLIENT_M_SERIAL"] and environ["SSL_CLIENT_V_END"].endswith("GMT")
    assert ssl.PEM_cert_to_DER_cert(environ["SSL_CLIENT_CERT"]) == facts.peer_chain[0]
    extension = extension_of(facts)
    assert extension["client_cert_name"] == environ["SSL_CLIENT_S_DN"] and extension["server_cert"] == "own"
    assert extension["client_cert_chain"] == [environ["SSL_CLIENT_CERT"]]
    assert (extension["tls_version"], extension["cipher_suite"]) == (0x0303, 0xC02F)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ((), ""),
        (((("countryName", "DE"),), (("commonName", "Ann Example"),)), "CN=Ann Example,C=DE"),
        (((("commonName", "a"), ("userId", "b")),), "CN=a+UID=b"),
        (((("organizationName", 'A, "B" <C> = D+E;\\F'),),), 'O=A\\, \\"B\\" \\<C\\> \\= D\\+E\\;\\\\F'),
        (((("commonName", " #x "),),), "CN=\\ #x\\ "),
        (((("commonName", "#x"),),), "CN=\\#x"),
        (((("commonName", "a\0\n"),),), "CN=a\\00\\0a"),
        (((("nobodyKnows", "x"),),), "nobodyKnows=x"),
    ],
)
def test_names(name: object, text: str) -> None:
    assert distinguished_name(name) == text


def test_what_is_not_ascii_is_bytes_in_an_environ() -> None:
    subject = ((("commonName", "Jürgen ☃"),),)
    facts = TLSFacts("TLSv1.3", "x", peer_certificate={"subject": subject})
    assert environ_of(facts)["SSL_CLIENT_S_DN_CN"].encode("latin-1").decode() == "Jürgen ☃"
    assert extension_of(facts)["client_cert_name"] == "CN=Jürgen ☃"
