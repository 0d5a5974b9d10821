"""What `make demo` runs: two apps under three server models, real requests over loopback, one table.

The client is one Python loop over epoll or kqueue, on the same machine; it, not the server, is often the limit.
Figures to rely on come from benchmarks/.
"""

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
APPS = {"WSGI": "wsgi_app:app", "ASGI": "asgi_app:app"}
MODELS = ("prefork", "threaded", "async")
CONNECTIONS = 32
WARM_UP_S = 0.5
MEASURED_S = float(os.environ.get("DEMO_SECONDS", "2"))
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: demo\r\nAccept: */*\r\n\r\n"


@contextmanager
def served(target: str, model: str) -> Iterator[tuple[str, int, subprocess.Popen[bytes]]]:
    """A server on a free port, in one worker process; it inherits the listening socket, so it may be called at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        fd = listener.fileno()
        command = [sys.executable, "-m", "fastnet", "serve", target, "--app-dir", str(HERE), "--workers", "1"]
        command += ["--model", model, "--bind", f"fd://{fd}", "--log-level", "warning"]
        server = subprocess.Popen(command, pass_fds=[fd])
    try:
        yield host, port, server
    finally:
        server.terminate()
        server.wait(timeout=60)


def resident_mb(pid: int) -> float | None:
    """Memory of a process and its children, shared pages split between them; None where /proc does not tell."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    own = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
    return own + sum(resident_mb(int(child)) or 0 for child in children)


def first_answer_size(address: tuple[str, int]) -> int:
    """Bytes of one whole answer; every answer of these apps is as long."""
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"unexpected answer: {answer[:200]!r}")
    return len(answer.lower().replace(b"connection: close\r\n", b""))


def measure(address: tuple[str, int]) -> list[float]:
    """Sends one request at a time on each connection; the seconds each answer took."""
    size = first_answer_size(address)
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        clients = [socket.create_connection(address) for _ in range(CONNECTIONS)]
        begun, got = {}, dict.fromkeys(clients, 0)
        start = time.perf_counter()
        for client in clients:
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
            client.send(REQUEST)
            begun[client] = time.perf_counter()
        while (now := time.perf_counter()) < start + WARM_UP_S + MEASURED_S:
            for key, _ in selector.select(timeout=10):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                data = client.recv(65536)
                if not got[client] and not data.startswith(b"HTTP/1.1 200 "):
                    raise SystemExit(f"unexpected answer: {data[:200]!r}")
                got[client] += len(data)
                if got[client] == size:
                    if begun[client] > start + WARM_UP_S:
                        times.append(time.perf_counter() - begun[client])
                    got[client] = 0
                    begun[client] = time.perf_counter()
                    client.send(REQUEST)
                elif got[client] > size or not data:
                    raise SystemExit(f"an answer of {got[client]} bytes, not {size}")
            if now - max(begun.values()) > 10:
                raise SystemExit("no answer within ten seconds")
        for client in clients:
            client.close()
    return sorted(times)


def main() -> None:
    print(f"{CONNECTIONS} keep-alive connections, one worker process, {MEASURED_S:g} s each\n")
    print(f"{'app':6}{'model':10}{'requests/s':>12}{'p50, us':>10}{'p99, us':>10}{'memory, MB':>12}")
    for kind, target in APPS.items():
        for model in MODELS:
            with served(target, model) as (host, port, server):
                try:
                    times = measure((host, port))
                except OSError as error:
                    raise SystemExit(f"{target} under {model} does not answer: {error}") from None
                memory = resident_mb(server.pid)
            p50, p99 = (times[int(len(times) * share)] * 1e6 for share in (0.50, 0.99))
            shown = "-" if memory is None else f"{memory:.1f}"
            rate = len(times) / MEASURED_S
            print(f"{kind:6}{model:10}{rate:>12,.0f}{p50:>10,.0f}{p99:>10,.0f}{shown:>12}", flush=True)
    print("\nThe client is written in Python and may be the limit. Measured against peers: docs/benchmarks.md")


if __name__ == "__main__":
    main()
