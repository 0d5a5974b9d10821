"""add(a, b) by RPC, against the usual libraries: calls a second, and calls per CPU-second of the server.

    python -m benchmarks.rpc [case ...] [--rounds N] [--seconds S] [--write]

MessagePack-RPC has 64 calls in flight on one connection; over HTTP one call follows the other on one connection, which
jsonrpclib and xmlrpc.server keep open only because they are told to here. Where it is client and server, each library
has its own client; the server alone is asked by one that only sends and reads bytes. A round has every contender, in an
order that rotates, each with a fresh server; ratios are taken within a round. The exit status is 3 if a bar was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import MultiCall, ServerProxy

import jsonrpclib
import psutil
import uvloop

from benchmarks import command, report
from benchmarks.bars import Bar
from fastnet import msgpack, rpc
from fastnet.codecs.http1 import parse_response
from fastnet.protocols.rpc_xml import call_text

api = rpc.Service("benchmark")
IN_FLIGHT = 64


@api.method
def add(a: int, b: int) -> int:
    return a + b


SERVERS = {
    "aio-msgpack-rpc": """
import asyncio, aio_msgpack_rpc, uvloop
class Handler:
    def add(self, a, b): return a + b
async def main():
    server = await asyncio.start_server(aio_msgpack_rpc.Server(Handler()), "127.0.0.1", 0)
    print("serving tcp://127.0.0.1:%d (" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
uvloop.run(main())
""",
    "grpc": """
import asyncio, grpc
async def add(request, context):
    a, b = request.split(b",")
    return b"%d" % (int(a) + int(b))
async def main():
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(add)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("b", {"add": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print("serving tcp://127.0.0.1:%d (" % port, flush=True)
    await server.wait_for_termination()
asyncio.run(main())
""",
    "xmlrpc.server": """
from xmlrpc.server import SimpleXMLRPCServer, SimpleXMLRPCRequestHandler
SimpleXMLRPCRequestHandler.protocol_version = "HTTP/1.1"
server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
server.register_function(lambda a, b: a + b, "add")
server.register_multicall_functions()
print("serving tcp://127.0.0.1:%d (" % server.server_address[1], flush=True)
server.serve_forever()
""",
    "jsonrpclib": """
from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer, SimpleJSONRPCRequestHandler
SimpleJSONRPCRequestHandler.protocol_version = "HTTP/1.1"
server = SimpleJSONRPCServer(("127.0.0.1", 0), logRequests=False)
server.register_function(lambda a, b: a + b, "add")
print("serving tcp://127.0.0.1:%d (" % server.server_address[1], flush=True)
server.serve_forever()
""",
}


@contextlib.contextmanager
def serving(name: str) -> Iterator[tuple[int, Callable[[], float]]]:
    """A server's port, and what tells its CPU seconds. `name`: one of SERVERS, or a target of ours."""
    if name in SERVERS:
        command = [sys.executable, "-c", SERVERS[name]]
    else:
        bind = "127.0.0.1:0" if name == "http" else "tcp://127.0.0.1:0"
        command = [
            sys.executable,
            "-m",
            "fastnet",
            "serve",
            f"benchmarks.rpc:api.{name}",
            "--workers",
            "1",
            "--bind",
            bind,
        ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"serving \S+:(\d+) \(", line):
                break
        else:
            raise SystemExit(f"{name} does not start")
        workers = psutil.Process(process.pid).children() or [psutil.Process(process.pid)]
        yield int(found[1]), lambda: sum(sum(worker.cpu_times()[:2]) for worker in workers)
    finally:
        process.terminate()
        process.wait()


async def keep_calling(one: Callable[[], Awaitable[Any]], seconds: float) -> float:
    """Calls a second, with 64 callers."""
    end, count = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await one()
            count += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return count / (time.perf_counter() - began)


def end_to_end(name: str, seconds: float) -> float:
    async def ours(port: int) -> float:
        async with rpc.AsyncClient(f"tcp://127.0.0.1:{port}") as client:
            return await keep_calling(lambda: client.call("add", [1, 2]), seconds)

    async def aio(port: int) -> float:
        import aio_msgpack_rpc

        client = aio_msgpack_rpc.Client(*await asyncio.open_connection("127.0.0.1", port))
        return await keep_calling(lambda: client.call("add", 1, 2), seconds)

    async def grpc_client(port: int) -> float:
        import grpc

        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            add = channel.unary_unary("/b/add")
            return await keep_calling(lambda: add(b"1,2"), seconds)

    with serving({"fastnet": "msgpack"}.get(name, name)) as (port, _):
        main: Any = {"fastnet": ours, "aio-msgpack-rpc": aio, "grpc": grpc_client}[name]
        return asyncio.run(main(port)) if name == "grpc" else uvloop.run(main(port))


def http_server_alone(name: str, kind: str, seconds: float) -> float:
    """Calls per second of the server's CPU, one after the other on one connection."""
    json = b'{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}'
    body, content_type = (json, "application/json") if kind == "json" else (call_text("add", [1, 2]), "text/xml")
    head = f"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(name) as (port, cpu_s), socket.create_connection(("127.0.0.1", port)) as client:

        def call() -> None:
            client.sendall(head.encode() + body)
            got = client.recv(65536)
            while (response := parse_response(got)) is None or len(got) < response.size + (
                response.content_length or 0
            ):
                got += client.recv(65536)

        used, count, end = cpu_s(), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            call()
            count += 1
        return count / (cpu_s() - used)


def server_alone(seconds: float) -> float:
    """Calls per second of the server's CPU."""
    said = b"".join(msgpack.packb([0, i, "add", [i, i + 1]]) for i in range(IN_FLIGHT))
    size = sum(len(msgpack.packb([1, i, None, 2 * i + 1])) for i in range(IN_FLIGHT))
    with serving("msgpack") as (port, cpu_s), socket.create_connection(("127.0.0.1", port)) as client:
        used, count, end = cpu_s(), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            client.sendall(said)
            left = size
            while left:
                left -= len(client.recv(left))
            count += IN_FLIGHT
        return count / (cpu_s() - used)


def http_end_to_end(name: str, kind: str, batch: int, seconds: float) -> float:
    """Calls a second by the library's own client, `batch` of them in a request, one request after the other."""
    with serving("http" if name == FASTNET else name) as (port, _), contextlib.ExitStack() as stack:
        if name == FASTNET:
            client = stack.enter_context(rpc.Client(f"http://127.0.0.1:{port}/", protocol=kind))
            ask = _ours(client, kind, batch)
        else:
            proxy: Any = ServerProxy if kind == "xml" else jsonrpclib.ServerProxy
            multicall: Any = MultiCall if kind == "xml" else jsonrpclib.MultiCall
            ask = _theirs(proxy(f"http://127.0.0.1:{port}/"), multicall, batch)
        assert ask() == [3] * batch
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            ask()
            count += batch
        return count / (time.perf_counter() - began)


def _ours(client: rpc.Client, kind: str, batch: int) -> Callable[[], list[Any]]:
    calls: list[tuple[str, list[int]]] = [("add", [1, 2])] * batch
    if batch == 1:
        return lambda: [client.call(*calls[0])]
    if kind == "json":
        return lambda: client.call_many(calls)
    many = [{"methodName": method, "params": params} for method, params in calls]
    return lambda: [answer[0] for answer in client.call("system.multicall", [many])]


def _theirs(server: Any, multicall: Any, batch: int) -> Callable[[], list[Any]]:
    def ask() -> list[Any]:
        if batch == 1:
            return [server.add(1, 2)]
        calls = multicall(server)
        for _ in range(batch):
            calls.add(1, 2)
        return list(calls())

    return ask


@dataclass(frozen=True)
class Case:
    title: str
    metric: str
    contenders: dict[str, Callable[[float], float]]
    bars: list[Bar]


FASTNET, PER_CPU, PER_S = "fastnet", "requests_per_cpu_s", "requests_per_s"


def of_http(kind: str, title: str, peer: str) -> dict[str, Case]:
    """A server by itself, and with its client."""

    def server(name: str) -> Callable[[float], float]:
        return lambda seconds: http_server_alone("http" if name == FASTNET else name, kind, seconds)

    def both(name: str, batch: int) -> Callable[[float], float]:
        return lambda seconds: http_end_to_end(name, kind, batch, seconds)

    names = (peer, FASTNET)
    return {
        f"rpc-{kind}-server": Case(f"{title}, the server", PER_CPU, {name: server(name) for name in names},
                                   [Bar(FASTNET, PER_CPU, 5, peer)]),
        f"rpc-{kind}": Case(f"{title}, client and server", PER_S, {name: both(name, 1) for name in names},
                            [Bar(FASTNET, PER_S, 5, peer)]),
        f"rpc-{kind}-batch": Case(f"{title}, client and server, {IN_FLIGHT} calls a request", PER_S,
                                  {name: both(name, IN_FLIGHT) for name in names}, [Bar(FASTNET, PER_S, 5, peer)]),
    }  # fmt: skip


def of_msgpack(name: str) -> Callable[[float], float]:
    return lambda seconds: end_to_end(name, seconds)


CASES = {
    "rpc-msgpack-server": Case("MessagePack-RPC, the server, 64 in flight", PER_CPU, {FASTNET: server_alone},
                               [Bar(FASTNET, PER_CPU, 1e6)]),
    "rpc-msgpack": Case("MessagePack-RPC and gRPC, client and server, 64 in flight", PER_S,
                        {name: of_msgpack(name) for name in ("aio-msgpack-rpc", FASTNET, "grpc")},
                        [Bar(FASTNET, PER_S, 2.2, "aio-msgpack-rpc"), Bar(FASTNET, PER_S, 20, "grpc")]),
    **of_http("json", "JSON-RPC over HTTP", "jsonrpclib"),
    **of_http("xml", "XML-RPC", "xmlrpc.server"),
}  # fmt: skip


def run_case(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    case = CASES[name]
    figures: dict[str, dict[str, list[float]]] = {each: {case.metric: []} for each in case.contenders}
    for turn in range(rounds):
        for each in report.rotated(list(case.contenders), turn):
            figures[each][case.metric].append(case.contenders[each](seconds))
    again = f"python -m benchmarks.rpc {name} --rounds {rounds} --seconds {seconds:g}"
    result = {"name": name, "title": case.title, "command": again, "rounds": rounds, "seconds": seconds,
              "metrics": [case.metric], "rank": case.metric, "contenders": figures}  # fmt: skip
    return report.judged(result, case.bars)


def main() -> int:
    return command.run(__doc__, list(CASES), run_case, "rpc", rounds=5, seconds=2.0)


if __name__ == "__main__":
    sys.exit(main())
