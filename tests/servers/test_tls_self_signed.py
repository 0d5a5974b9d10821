"""The certificate for development, by whatever is there to make it: it can be served with, and has all the names."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from fastnet.errors import StartupError
from fastnet.servers.tls_certificates import facts_of_file
from fastnet.servers.tls_self_signed import by_cryptography, by_openssl, make_self_signed

NAMES = ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize("make", [by_cryptography, by_openssl])
def test_both_ways(make: Callable[[str, str, list[str]], None], tmp_path: Path) -> None:
    cert, key = str(tmp_path / "cert"), str(tmp_path / "key")
    make(cert, key, NAMES)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    names = facts_of_file(cert)["subjectAltName"]
    assert names == (("DNS", "localhost"), ("IP Address", "127.0.0.1"), ("IP Address", "0:0:0:0:0:0:0:1"))


def test_what_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_self_signed(str(tmp_path), NAMES) == (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    with pytest.raises(StartupError, match="openssl could not make a certificate"):
        by_openssl(str(tmp_path / "no" / "cert"), str(tmp_path / "key"), NAMES)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.meta_path", [])
    monkeypatch.delitem(__import__("sys").modules, "cryptography", raising=False)
    with pytest.raises(StartupError, match="--tls-self-signed needs the package cryptography, or the command openssl"):
        make_self_signed(str(tmp_path), NAMES)
