"""What connections cost that do nothing: memory each, and CPU while nothing happens.

Every connection asks once and then stays open, as a browser's does; the memory is what the server's processes hold
themselves (proportional share, summed), without the kernel's buffers, which no server has a say in.
"""

import select
import socket
import time

from benchmarks.servers.load import Load, check_answer
from benchmarks.servers.process import Server, ServerFailed

BATCH = 250  # connections opened at once: below every server's backlog


def open_idle(server: Server, count: int) -> list[socket.socket]:
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    socks: list[socket.socket] = []
    while len(socks) < count:
        batch = [
            socket.create_connection(("127.0.0.1", server.port), timeout=20)
            for _ in range(min(BATCH, count - len(socks)))
        ]
        for sock in batch:
            sock.sendall(request)
        for sock in batch:
            if not sock.recv(4096).startswith(b"HTTP/1.1 200 "):
                raise ServerFailed(f"{server.contender.name}: connection {len(socks)} was not answered\n{server.log()}")
        socks += batch
    return socks


def dropped(socks: list[socket.socket]) -> int:
    """How many of these the server has closed."""
    poller = select.poll()
    for sock in socks:
        poller.register(sock, select.POLLIN | select.POLLRDHUP)
    return len(poller.poll(0))


def measure_idle(server: Server, count: int, seconds: int) -> dict[str, float]:
    check_answer(server, Load("hello"))
    time.sleep(1.5)  # what a server does once after its start is done
    empty_kib = sum(server.memory_kib(pid)[1] for pid in server.pids())
    socks = open_idle(server, count)
    try:
        time.sleep(1.5)  # allocators, date timers, late answers
        full_kib = sum(server.memory_kib(pid)[1] for pid in server.pids())
        before, start = sum(server.cpu().values()), time.monotonic()
        time.sleep(seconds)
        cpu_s = sum(server.cpu().values()) - before
        duration_s = time.monotonic() - start
        lost = dropped(socks)
    finally:
        for sock in socks:
            sock.close()
    if lost:
        raise ServerFailed(
            f"{server.contender.name} closed {lost} of {count} idle connections within {duration_s:.1f} s"
        )
    return {
        "kib_per_connection": (full_kib - empty_kib) / count,
        "idle_cpu_percent": 100 * cpu_s / duration_s,
    }
