"""A memcached server per CPU-second, and a client's multi-get, against memcached itself and pymemcache.

    taskset -c 1 python -m benchmarks.memcached [case ...] [--rounds N] [--seconds S] [--write]

The load is Python's: sockets that are all sent a request, then all read. It need not be fast, for what is compared is
the CPU time that each server takes for a request. Every answer's length is checked. A round has every contender, one
after the other in an order that rotates; ratios are taken within a round. Clients ask one memcached, by turns. The exit
status is 3 when a bar was missed.
"""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import command, report
from benchmarks.bars import Bar
from benchmarks.servers.contenders import ROOT
from fastnet.bench.processes import ServerProcess, free_port

KEYS = [b"user:%d:profile" % number for number in range(100)]
VALUE = b"x" * 100
HIT = b"VALUE %b 0 100\r\n%b\r\n"
CONNECTIONS = 64
REPEAT = 5


def store(key: bytes) -> bytes:
    return b"set %b 0 0 %d\r\n%b\r\n" % (key, len(VALUE), VALUE)


def hits(*keys: bytes) -> bytes:
    return b"".join(HIT % (key, VALUE) for key in keys) + b"END\r\n"


@dataclass(frozen=True)
class ServerCase:
    title: str
    request: bytes
    answer: bytes
    requests: int  # in `request`
    bound: float


SERVERS = {
    "memcached": ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-U", "0", "-t", "1", "-p"],
    "fastnet prefork": [sys.executable, "-m", "fastnet", "cache", "--model", "prefork", "--bind"],
    "fastnet threaded": [sys.executable, "-m", "fastnet", "cache", "--model", "threaded", "--bind"],
    "fastnet async": [sys.executable, "-m", "fastnet", "cache", "--model", "async", "--bind"],
}
CASES = {
    "memcached-get": ServerCase("get of 100 B, one in flight", b"get %b\r\n" % KEYS[0], hits(KEYS[0]), 1, 0.5),
    "memcached-set": ServerCase("set of 100 B, one in flight", store(KEYS[0]), b"STORED\r\n", 1, 0.5),
    "memcached-pipelined": ServerCase(
        "16 gets of 100 B in flight", b"get %b\r\n" % KEYS[0] * 16, hits(KEYS[0]) * 16, 16, 0.5
    ),
    "memcached-multiget": ServerCase(
        "get of 100 keys of 100 B", b"get %b\r\n" % b" ".join(KEYS), hits(*KEYS), 1, 0.5
    ),
}  # fmt: skip
CLIENT_CASE = "memcached-client"
CLIENT_BARS = [Bar("fastnet, sync", "calls_per_s", 5, "pymemcache")]


@contextmanager
def serving(name: str) -> Iterator[ServerProcess]:
    port = free_port()
    command = [*SERVERS[name], str(port) if name == "memcached" else f"127.0.0.1:{port}"]
    path = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin"}
    with ServerProcess(name, command, port, environment=path) as server:
        with socket.create_connection(("127.0.0.1", port)) as first:
            first.sendall(b"".join(map(store, KEYS)))
            receive(first, 8 * len(KEYS))
        yield server


def receive(client: socket.socket, n: int) -> None:
    while n > 0:
        piece = client.recv(min(n, 1 << 18))
        if not piece:
            raise ConnectionResetError("the server closed a connection")
        n -= len(piece)


def load(case: ServerCase, port: int, seconds: float) -> int:
    """Requests answered."""
    size, done = len(case.answer), 0
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS)]
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for client in clients:
                client.sendall(case.request)
            for client in clients:
                receive(client, size)
            done += case.requests * len(clients)
    return done


def run_servers(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    case, metric = CASES[name], "requests_per_cpu_s"
    figures: dict[str, dict[str, list[float]]] = {each: {metric: []} for each in SERVERS}
    with ExitStack() as stack:
        servers = {each: stack.enter_context(serving(each)) for each in SERVERS}
        for turn in range(rounds):
            for each in report.rotated(list(SERVERS), turn):
                before = sum(servers[each].cpu().values())
                done = load(case, servers[each].port, seconds)
                figures[each][metric].append(done / (sum(servers[each].cpu().values()) - before))
    bars = [Bar(each, metric, case.bound, "memcached") for each in SERVERS if each != "memcached"]
    return result_of(name, f"memcached: {case.title}", rounds, seconds, metric, [metric], figures, bars)


def clients_of(port: int) -> dict[str, Callable[[], Any]]:
    from pymemcache.client.base import Client as Pymemcache

    from fastnet.clients.memcache import Client

    keys = [key.decode() for key in KEYS]
    theirs, ours = Pymemcache(("127.0.0.1", port)), Client([f"127.0.0.1:{port}"])
    return {"pymemcache": lambda: theirs.get_many(keys), "fastnet, sync": lambda: ours.get_many(keys)}


def run_clients(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    with serving("memcached") as server:
        clients = clients_of(server.port)
        wanted = {key.decode(): VALUE for key in KEYS}
        for each, ask in clients.items():
            if ask() != wanted:
                raise ValueError(f"{each} does not find what is there")
        figures: dict[str, dict[str, list[float]]] = {each: {"ns": [], "calls_per_s": []} for each in clients}
        for turn in range(rounds):
            for each in sorted(clients, reverse=turn % 2 == 1):
                ask, count = clients[each], 0
                before, cpu = time.perf_counter(), time.process_time()
                while time.perf_counter() - before < seconds / REPEAT:
                    ask()
                    count += 1
                # CPU time of the client: the server and the way there are the same for all.
                ns = (time.process_time() - cpu) / count * 1e9
                figures[each]["ns"].append(ns)
                figures[each]["calls_per_s"].append(1e9 / ns)
    return result_of(name, "memcached client: get_many of 100 keys, CPU time", rounds, seconds / REPEAT, "calls_per_s",
                     ["ns"], figures, CLIENT_BARS)  # fmt: skip


def result_of(
    name: str, title: str, rounds: int, seconds: float, rank: str, metrics: list[str], figures: Any, bars: list[Bar]
) -> dict[str, Any]:
    again = f"python -m benchmarks.memcached {name} --rounds {rounds}"
    result = {"name": name, "title": title, "command": again, "rounds": rounds, "seconds": seconds,
              "metrics": metrics, "rank": rank, "contenders": figures}  # fmt: skip
    return report.judged(result, bars)


def run_case(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    return (run_clients if name == CLIENT_CASE else run_servers)(name, rounds, seconds)


def main() -> int:
    return command.run(__doc__, [*CASES, CLIENT_CASE], run_case, "memcached", rounds=7, seconds=2.0)


if __name__ == "__main__":
    sys.exit(main())
