"""TLS as other programs see it: scanners, clients, and nginx in front."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.servers.config import options
from tests.interop.fronts import through_nginx
from tests.servers.certificates import Certificates
from tests.servers.serving import PATIENCE_S, Server

HERE = Path(__file__).parents[1] / "servers"
DOCS = Path(__file__).parents[2] / "docs"
REQUEST = b"GET /tls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[Server]:
    bind = "tls://127.0.0.1:0"
    with Server("wire_apps:wsgi", "--workers", "2", *certificates.options, cwd=HERE, bind=bind) as running:
        yield running


def run(*command: str, given: bytes = b"") -> str:
    found = subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE_S)
    return found.stdout.decode(errors="replace") + found.stderr.decode(errors="replace")


def test_a_scanner_finds_nothing_weak(server: Server) -> None:
    found = run("sslscan", "--no-colour", f"127.0.0.1:{server.port}")
    for old in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert re.search(rf"{re.escape(old)} +disabled", found), found
    ciphers = re.findall(r"(?:Preferred|Accepted) +TLSv1\.\d +\d+ bits +(\S+)", found)
    assert len(ciphers) >= 5, found
    for cipher in ciphers:
        assert cipher.startswith(("TLS_", "ECDHE-")) and ("GCM" in cipher or "CHACHA20" in cipher), cipher
    assert "Session renegotiation not supported" in found


def test_sessions_are_resumed_by_openssl(server: Server, certificates: Certificates, tmp_path: Path) -> None:
    connect = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", certificates.ca]
    assert run(*connect, "-tls1_2", "-reconnect").count("Reused, TLSv1.2") == 5
    session = str(tmp_path / "session")
    first = run(*connect, "-ign_eof", "-sess_out", session, given=REQUEST)
    assert "New, TLSv1.3" in first and "'SSL_SESSION_RESUMED': 'Initial'" in first
    again = run(*connect, "-ign_eof", "-sess_in", session, given=REQUEST)
    assert "Reused, TLSv1.3" in again and "'SSL_SESSION_RESUMED': 'Resumed'" in again


def test_gnutls_agrees(server: Server, certificates: Certificates) -> None:
    command = ["gnutls-cli", "--x509cafile", certificates.ca, "-p", str(server.port), "localhost"]
    command += ["--alpn", "http/1.1", "--logfile", "/dev/stdout"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        # Its input stays open: at the end of that it would say close_notify, after which asyncio's TLS sends nothing.
        process.stdin.write(REQUEST)
        process.stdin.flush()
        found = process.stdout.read().decode()
    assert "The certificate is trusted" in found and "'SSL_PROTOCOL': 'TLSv1.3'" in found, found


def test_nginx_in_front(server: Server, certificates: Certificates, tmp_path: Path) -> None:
    location = f"""proxy_pass https://127.0.0.1:{server.port};
      proxy_ssl_verify on; proxy_ssl_trusted_certificate {certificates.ca};
      proxy_ssl_server_name on; proxy_ssl_name localhost;"""
    found = through_nginx(tmp_path, "/tls", location=location)
    assert "'wsgi.url_scheme': 'https'" in found and "'SSL_TLS_SNI': 'localhost'" in found, found


def test_the_page_names_options_that_there_are() -> None:
    known = {"--" + name.replace("_", "-") for name, _ in options()}
    named = set(re.findall(r"--tls-[a-z-]+", (DOCS / "tls.md").read_text()))
    assert named and named <= known
    assert {name for name in known if name.startswith("--tls-")} == named
