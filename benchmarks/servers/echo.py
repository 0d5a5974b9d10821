"""The rows of echo: TCP, UDP and TLS, and 10,000 connections of a service that do nothing.

The load is fastnet's own engine on the other core, which compares every answer with what was sent, byte by byte; then
the bytes that came must be those that went out. So all did the same work, or the run fails.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import idle
from benchmarks.servers.contenders import PYTHON, Contender, certificate, compiled
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench import Result, Spec, run

WARM_UP_S = 0.5
MESSAGE_BYTES = 1024

Drive = Callable[[Server, float, int | None], Result]


def _c(transport: str, port: int, files: Path) -> list[str]:
    if transport == "tls":
        return [compiled("echo_tls", "-lssl", "-lcrypto"), str(port), *certificate(files)]
    return [compiled("echo"), str(port), transport]


def fastnet_echo(model: str, *options: str) -> Contender:
    def command(transport: str, port: int, files: Path) -> list[str]:
        tls = [] if transport != "tls" else [
            word for pair in zip(("--tls-cert", "--tls-key"), certificate(files), strict=True) for word in pair
        ]  # fmt: skip
        target = f"benchmarks.servers.services:{'DatagramEcho' if transport == 'udp' else 'echo'}"
        serve = [PYTHON, "-m", "fastnet", "serve", target, "--model", model]
        return [*serve, "--workers", "1", "--bind", f"{transport}://127.0.0.1:{port}", *options, *tls]

    return Contender(f"fastnet {model}", command, "import fastnet", own=True)


def peer(machinery: str) -> Contender:
    def command(transport: str, port: int, files: Path) -> list[str]:
        more = certificate(files) if transport == "tls" else []
        return [PYTHON, "-m", "benchmarks.servers.echo_peer", machinery, transport, str(port), *more]

    return Contender(machinery, command, f"import {machinery}")


C = Contender("C", _c, "cc", own=True)
PREFORK, THREADED, ASYNC = fastnet_echo("prefork"), fastnet_echo("threaded", "--threads", "8"), fastnet_echo("async")
AIOFASTNET, UVLOOP, ASYNCIO = peer("aiofastnet"), peer("uvloop"), peer("asyncio")


def measure(server: Server, drive: Drive, seconds: int, core: int | None) -> dict[str, float]:
    """Warm up, load; returns the figures of one run by name, units last."""
    drive(server, WARM_UP_S, core)
    result, cpu_s = server.cpu_of(lambda: drive(server, seconds, core))
    return {
        "requests_per_s": result.rate,
        "requests_per_cpu_s": result.requests.answered_whole / cpu_s,
        "server_cores": cpu_s / result.window_s,
        "client_cores": result.generator.cpu_s / result.window_s,
        "p50_us": result.latency.percentile(50) / 1e3,
        "p99_us": result.latency.percentile(99) / 1e3,
        "worker_rss_mib": server.memory_kib(server.worker())[0] / 1024,
    }


@dataclass(frozen=True)
class EchoLoad:
    """`depth`: messages in flight on each of the connections."""

    depth: int = 1
    connections: int = 64

    def __call__(self, server: Server, seconds: int, core: int | None) -> dict[str, float]:
        return measure(server, self.drive, seconds, core)

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
    """Of connections that have had one message echoed."""
    _connected(server.port).close()
    return idle.measure(server, count, seconds, lambda: (_connected(server.port) for _ in range(count)))


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    try:
        _ask(sock)
    except BaseException:
        sock.close()
        raise
    return sock


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
