"""What connections cost that do nothing: memory each, and CPU while nothing happens.

Every connection asks once and then stays open, as a browser's does; the memory is what the server's processes hold
themselves (proportional share, summed), without the kernel's buffers, which no server has a say in.
"""

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from benchmarks.servers.load import Load, check_answer
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench.idle import dropped, open_idle


def measure_idle(server: Server, count: int, seconds: float) -> dict[str, float]:
    check_answer(server, Load("hello"))
    return measure(server, count, seconds, lambda: open_idle(server.port, count))


def measure(
    server: Server, count: int, seconds: float, connections: Callable[[], Iterable[socket.socket]]
) -> dict[str, float]:
    """What `count` connections cost, which are opened when they are asked for, and closed here."""
    time.sleep(1.5)  # what a server does once after its start is done
    empty_kib = server.pss_kib()
    with ExitStack() as stack:
        socks = [stack.enter_context(sock) for sock in connections()]
        time.sleep(1.5)  # allocators, date timers, late answers
        full_kib = server.pss_kib()
        before, start = sum(server.cpu().values()), time.monotonic()
        time.sleep(seconds)
        cpu_s = sum(server.cpu().values()) - before
        duration_s = time.monotonic() - start
        lost = dropped(socks)
    if lost:
        raise ServerFailed(
            f"{server.contender.name} closed {lost} of {count} idle connections within {duration_s:.1f} s"
        )
    return {
        "kib_per_connection": (full_kib - empty_kib) / count,
        "idle_cpu_percent": 100 * cpu_s / duration_s,
    }
