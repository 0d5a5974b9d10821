"""Every reason why TLS fails is said in words that help: for the log of a server, and for whoever runs a client."""

import ssl

import pytest

from fastnet.servers.tls_reasons import explain, reason_of, text_of


def error(reason: str) -> ssl.SSLError:
    made = ssl.SSLError(1, f"[SSL: {reason}] in OpenSSL's words (_ssl.c:1)")
    made.reason = reason
    return made


def refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    made = ssl.SSLCertVerificationError(1, "certificate verify failed")
    made.verify_code, made.verify_message = code, message
    return made


def test_the_log_of_a_server() -> None:
    assert reason_of(None) == "the client left in the middle of the handshake"
    assert reason_of(ConnectionResetError(104, "Connection reset by peer")) == "Connection reset by peer"
    assert reason_of(error("UNSUPPORTED_PROTOCOL")) == "the client's version of TLS is too old"
    assert reason_of(error("SOMETHING_NEW")) == "something new"
    assert reason_of(refused(10, "it has expired")) == "the client's certificate is refused: it has expired"


@pytest.mark.parametrize(
    ("met", "words"),
    [
        (refused(10, "certificate has expired"), "the certificate of a.example is refused: certificate has expired"),
        (refused(18, "self-signed certificate"), "refused: it is self-signed, or its authority is not among"),
        (refused(20, "unable to get local issuer certificate"), "refused: its authority is not among those trusted"),
        (refused(62, "Hostname mismatch, it is not valid for 'a.example'."), "Hostname mismatch, .*'a.example'$"),
        (refused(99, ""), "it does not fit"),
        (error("WRONG_VERSION_NUMBER"), "TLS with a.example failed: the server does not speak TLS there"),
        (error("TLSV1_ALERT_PROTOCOL_VERSION"), "the server wants another version of TLS"),
        (error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "the server wants a client certificate: give cert_file"),
        (error("SOMETHING_NEW"), "TLS with a.example failed: something new"),
    ],
)  # fmt: skip
def test_what_a_client_meets(met: ssl.SSLError, words: str) -> None:
    explain(met, "a.example")
    with pytest.raises(type(met), match=words):
        raise met


def test_files() -> None:
    assert text_of(ValueError("no password")) == "no password"
    assert text_of(FileNotFoundError(2, "No such file or directory", "x")) == "No such file or directory"
