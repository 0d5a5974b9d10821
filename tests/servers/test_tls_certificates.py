"""Which certificate a client gets, and renewed ones while the server runs; over the wire in test_tls."""

import shutil
import ssl
from pathlib import Path

import pytest

from fastnet.servers.config import Config
from fastnet.servers.tls import _certificates, _settings_of
from fastnet.servers.tls_certificates import Certificates as Served
from tests.servers.certificates import EXPIRED, Certificates

BIND = "tls://127.0.0.1:0"


def serve(*files: tuple[str, str]) -> Served:
    config = Config(target="a:b", bind=BIND, tls_cert=[cert for cert, _ in files], tls_key=[key for _, key in files])
    return _certificates(_settings_of(config))


def shown(served: Served, name: str | None) -> bytes:
    """The certificate that a client gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(a, b, server_hostname=name)
    server = served.front.wrap_bio(b, a, server_side=True)
    ready: set[int] = set()
    while len(ready) < 2:
        for number, side in enumerate((client, server)):
            try:
                side.do_handshake()
                ready.add(number)
            except ssl.SSLWantReadError:
                pass
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_names(certificates: Certificates) -> None:
    one, two = certificates.issue("one.example"), certificates.issue("two.example", "*.TWO.example")
    served = serve(one, two)
    first, second = shown(served, "one.example"), shown(served, "two.example")
    assert first != second
    for name in (None, "three.example", "127.0.0.1", "deep.sub.two.example", "sub.one.example", "example"):
        assert shown(served, name) == first
    for name in ("TWO.example", "sub.two.example"):
        assert shown(served, name) == second


def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(
    certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fastnet")
    first, second = certificates.issue("a.example", stem="first"), certificates.issue("a.example", stem="second")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    put(first, cert, key)
    served = serve((cert, key))
    before = shown(served, "a.example")
    served.refresh()
    assert shown(served, "a.example") == before and not caplog.records
    put((second[0], first[1]), cert, key)  # the key is still to come
    served.refresh()
    assert shown(served, None) == before and not caplog.records
    served.refresh()  # but does not
    served.refresh()
    assert shown(served, None) == before
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "key values mismatch; the one from before goes on being used" in caplog.text
    put(second, cert, key)
    served.refresh()
    after = shown(served, None)
    assert after == shown(served, "a.example") != before
    assert "was renewed, and is valid until" in caplog.text and len(caplog.records) == 2
    (tmp_path / "cert.pem").unlink()
    served.refresh()
    served.refresh()
    assert shown(served, None) == after and len(caplog.records) == 3


def put(files: tuple[str, str], cert: str, key: str) -> None:
    """As programs that renew certificates do it: another file in the place of the old one."""
    for source, target in zip(files, (cert, key), strict=True):
        shutil.copy(source, target + ".new")
        Path(target + ".new").replace(target)


def test_handshakes_look_at_the_files(certificates: Certificates, tmp_path: Path) -> None:
    first, second = certificates.issue("b.example", stem="b1"), certificates.issue("b.example", stem="b2")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    put(first, cert, key)
    served = serve((cert, key))
    before = shown(served, None)
    put(second, cert, key)
    served._next_look = 0.0  # as if a second had passed
    assert shown(served, None) != before


def test_an_expired_certificate_is_served_with_a_warning(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    files = certificates.issue("old.example", until=EXPIRED)
    shown(serve(files), None)
    assert f"the certificate {files[0]} has expired (Jan  1 00:00:00 2001 GMT)" in caplog.text
