"""What connections cost that do nothing: memory each, and CPU while nothing happens.

Every connection asks once and then stays open, as a browser's does; the memory is what the server's processes hold
themselves (proportional share, summed), without the kernel's buffers, which no server has a say in.
"""

import time

from benchmarks.servers.load import Load, check_answer
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench.idle import dropped, open_idle


def measure_idle(server: Server, count: int, seconds: int) -> dict[str, float]:
    check_answer(server, Load("hello"))
    time.sleep(1.5)  # what a server does once after its start is done
    empty_kib = server.pss_kib()
    socks = open_idle(server.port, count)
    try:
        time.sleep(1.5)  # allocators, date timers, late answers
        full_kib = server.pss_kib()
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
