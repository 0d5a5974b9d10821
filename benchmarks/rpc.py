"""python -m benchmarks.rpc [SECONDS]: add(a, b) by RPC against the usual libraries.

MessagePack-RPC has 64 calls in flight on one connection, each library by its own client; over HTTP there is one after
the other. Server processes run in turn, three rounds; medians and ratios are printed. Rows per CPU second are of the
server alone, for a client that only sends and reads bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psutil
import uvloop

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


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    runs: dict[str, Callable[[], float]] = {
        "MessagePack-RPC server, calls per CPU second": lambda: server_alone(seconds),
        "MessagePack-RPC, calls/s: fastnet": lambda: end_to_end("fastnet", seconds),
        "MessagePack-RPC, calls/s: aio-msgpack-rpc": lambda: end_to_end("aio-msgpack-rpc", seconds),
        "calls/s: grpc": lambda: end_to_end("grpc", seconds),
        "JSON-RPC over HTTP, calls per CPU second: fastnet": lambda: http_server_alone("http", "json", seconds),
        "JSON-RPC over HTTP, calls per CPU second: jsonrpclib": lambda: http_server_alone(
            "jsonrpclib", "json", seconds
        ),
        "XML-RPC, calls per CPU second: fastnet": lambda: http_server_alone("http", "xml", seconds),
        "XML-RPC, calls per CPU second: xmlrpc": lambda: http_server_alone("xmlrpc.server", "xml", seconds),
    }
    found = {name: statistics.median(values) for name, values in zip(runs, rounds(runs), strict=True)}
    for name, value in found.items():
        print(f"{value:12,.0f}  {name}")
    values = list(found.values())
    print(f"fastnet is {values[1] / values[2]:.1f} x aio-msgpack-rpc, {values[1] / values[3]:.1f} x grpc, ", end="")
    print(f"{values[4] / values[5]:.1f} x jsonrpclib, {values[6] / values[7]:.1f} x xmlrpc")


def rounds(runs: dict[str, Callable[[], float]]) -> list[tuple[float, ...]]:
    return list(zip(*([run() for run in runs.values()] for _ in range(3)), strict=True))


if __name__ == "__main__":
    main()
