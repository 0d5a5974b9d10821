"""The rows of echo: TCP, UDP and TLS, and 10,000 connections of a service that do nothing.

The load is fastnet's own engine on the other core, which compares every answer with what was sent, byte by byte; then
the bytes that came must be those that went out. So all did the same work, or the run fails.
"""

import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers.contenders import PYTHON, Contender, compiled
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench import Result, Spec, run

WARM_UP_S = 0.5
MESSAGE_BYTES = 1024
IDLE_BATCH = 250


def _certificate(files: Path) -> list[str]:
    import trustme

    found = [str(files / "cert.pem"), str(files / "key.pem")]
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(found[0])
    issued.private_key_pem.write_to_path(found[1])
    return found


def _c(transport: str, port: int, files: Path) -> list[str]:
    if transport == "tls":
        return [compiled("echo_tls", "-lssl", "-lcrypto"), str(port), *_certificate(files)]
    return [compiled("echo"), str(port), transport]


def fastnet_echo(model: str, *options: str) -> Contender:
    def command(transport: str, port: int, files: Path) -> list[str]:
        tls = [] if transport != "tls" else [
            word for pair in zip(("--tls-cert", "--tls-key"), _certificate(files), strict=True) for word in pair
        ]  # fmt: skip
        target = f"benchmarks.servers.services:{'DatagramEcho' if transport == 'udp' else 'echo'}"
        serve = [PYTHON, "-m", "fastnet", "serve", target, "--model", model]
        return [*serve, "--workers", "1", "--bind", f"{transport}://127.0.0.1:{port}", *options, *tls]

    return Contender(f"fastnet {model}", command, "import fastnet", own=True)


def peer(machinery: str) -> Contender:
    def command(transport: str, port: int, files: Path) -> list[str]:
        more = _certificate(files) if transport == "tls" else []
        return [PYTHON, "-m", "benchmarks.servers.echo_peer", machinery, transport, str(port), *more]

    return Contender(machinery, command, f"import {machinery}")


C = Contender("C", _c, "cc", own=True)
PREFORK, THREADED, ASYNC = fastnet_echo("prefork"), fastnet_echo("threaded", "--threads", "8"), fastnet_echo("async")
AIOFASTNET, UVLOOP, ASYNCIO = peer("aiofastnet"), peer("uvloop"), peer("asyncio")


@dataclass(frozen=True)
class EchoLoad:
    """`depth`: messages in flight on each of the connections."""

    depth: int = 1
    connections: int = 64

    def __call__(self, server: Server, seconds: int, core: int | None) -> dict[str, float]:
        self.drive(server, WARM_UP_S, core)
        before = server.cpu()
        result = self.drive(server, seconds, core)
        after = server.cpu()
        if before.keys() != after.keys():
            raise ServerFailed(f"{server.name}: processes changed during the run", server.log())
        cpu_s = sum(after[pid] - before[pid] for pid in after)
        p50, p99 = (result.latency.percentile(p) / 1e3 for p in (50, 99))
        return {
            "requests_per_s": result.rate,
            "requests_per_cpu_s": result.requests.answered_whole / cpu_s,
            "server_cores": cpu_s / result.window_s,
            "client_cores": result.generator.cpu_s / result.window_s,
            "p50_us": p50,
            "p99_us": p99,
            "worker_rss_mib": server.memory_kib(server.worker())[0] / 1024,
        }

    def drive(self, server: Server, seconds: float, core: int | None) -> Result:
        result = run(
            Spec(
                urls=(f"{server.workload}://127.0.0.1:{server.port}",),
                connections=self.connections,
                pipeline=self.depth,
                random_bytes=MESSAGE_BYTES,
                duration_s=seconds,
                insecure=True,
                cores=() if core is None else (core,),
            )
        )
        if result.failed or not result.requests.answered_whole:
            raise ServerFailed(f"{server.name}: {result.errors} {result.error_details}", server.log())
        if result.bytes_in != result.bytes_out or result.requests.sent_whole != result.requests.answered_whole:
            raise ServerFailed(f"{server.name}: {result.bytes_out} bytes were sent, {result.bytes_in} came back")
        return result


def measure_idle(server: Server, count: int, seconds: float) -> dict[str, float]:
    """As idle.measure_idle, of connections that have had one message echoed."""
    with socket.create_connection(("127.0.0.1", server.port)) as first:
        _ask(first)
        time.sleep(1.5)  # what a server does once after its start is done
        empty_kib = server.pss_kib()
    socks: list[socket.socket] = []
    try:
        while len(socks) < count:
            batch = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(min(IDLE_BATCH, count))]
            socks += batch
            for sock in batch:
                _ask(sock)
        time.sleep(1.5)
        full_kib, before, start = server.pss_kib(), sum(server.cpu().values()), time.monotonic()
        time.sleep(seconds)
        cpu_s, duration_s = sum(server.cpu().values()) - before, time.monotonic() - start
        poller = select.poll()
        for sock in socks:
            poller.register(sock, select.POLLRDHUP)
        if lost := len(poller.poll(0)):
            raise ServerFailed(f"{server.name} closed {lost} of {count} idle connections", server.log())
    finally:
        for sock in socks:
            sock.close()
    return {"kib_per_connection": (full_kib - empty_kib) / count, "idle_cpu_percent": 100 * cpu_s / duration_s}


def _ask(sock: socket.socket) -> None:
    message, got = b"x" * MESSAGE_BYTES, b""
    sock.settimeout(20)
    sock.sendall(message)
    while len(got) < len(message):
        piece = sock.recv(len(message))
        if not piece:
            raise ServerFailed("a connection was closed before its message came back")
        got += piece
    if got != message:
        raise ServerFailed("what came back is not what was sent")
