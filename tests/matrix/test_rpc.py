"""RPC in every cell: protocol x model x transport; whole, byte by byte, and cut and late. The answers are the same."""

import contextlib
import json
import ssl
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import pytest

from fastnet.testing import ChaosProxy
from tests.matrix.places import connect, everywhere
from tests.servers.certificates import Certificates

APPS = Path(__file__).parents[1] / "apps"
CALLS = [("add", [1, 2]), ("echo", ["x" * 100]), ("nope", []), ("add", ["1"]), ("fail", []), ("count", [3])]
EXPECTED = [3, "x" * 100, -32601, -32602, -32603, [0, 1, 2]]


def talk_msgpack() -> tuple[bytes, Any]:
    said = b"".join(msgpack.packb([0, i, method, params]) for i, (method, params) in enumerate(CALLS))

    def read(data: bytes) -> list[Any]:
        unpacker = msgpack.Unpacker()
        unpacker.feed(data)
        return [result if error is None else error["code"] for _, _, error, result in sorted(unpacker)]

    return said, read


def talk_json() -> tuple[bytes, Any]:
    requests = [{"jsonrpc": "2.0", "method": m, "params": p, "id": i} for i, (m, p) in enumerate(CALLS)]
    said = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
    return said, lambda data: told(json.loads(line) for line in data.split(b"\n")[:-1])


def told(answers: Any) -> list[Any]:
    return [a["result"] if "result" in a else a["error"]["code"] for a in sorted(answers, key=lambda a: a["id"])]


def post(kind: str, body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        kind.encode(),
        len(body),
        body,
    )


def bodies(data: bytes) -> Iterator[bytes]:
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        size = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), -1)
        if not end or not 0 <= size <= len(data):
            return
        yield data[:size]
        data = data[size:]


def talk_http_json() -> tuple[bytes, Any]:
    requests = [{"jsonrpc": "2.0", "method": m, "params": p, "id": i} for i, (m, p) in enumerate(CALLS)]
    said = post("application/json", json.dumps(requests[:3]).encode())
    said += b"".join(post("application/json", json.dumps(request).encode()) for request in requests[3:])

    def read(data: bytes) -> list[Any]:
        found = [json.loads(body) for body in bodies(data)]
        return told(each for answer in found for each in (answer if isinstance(answer, list) else [answer]))

    return said, read


def talk_http_xml() -> tuple[bytes, Any]:
    said = b"".join(post("text/xml", xmlrpc.client.dumps(tuple(p), m).encode()) for m, p in CALLS)

    def one(body: bytes) -> Any:
        try:
            return xmlrpc.client.loads(body)[0][0]
        except xmlrpc.client.Fault as fault:
            return fault.faultCode

    return said, lambda data: [one(body) for body in bodies(data)]


# The target of the server, and what may be said to it.
SERVERS: dict[str, tuple[str, list[Any]]] = {
    "msgpack": ("msgpack", [talk_msgpack]),
    "json": ("json", [talk_json]),
    "http": ("http", [talk_http_json, talk_http_xml]),
}


@dataclass
class Cell:
    talks: list[Any]
    addresses: dict[str, Any]
    context: ssl.SSLContext


@pytest.fixture(
    scope="module",
    params=[(kind, model) for kind in SERVERS for model in ("prefork", "threaded", "async")],
    ids="-".join,
)
def cell(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cell]:
    kind, model = request.param
    target, talks = SERVERS[kind]
    service, path = "mixed" if model == "async" else "plain", tmp_path_factory.mktemp("rpc") / "socket"
    with everywhere(f"rpc_apps:{service}.{target}", model, certificates, cwd=APPS, path=path) as (_, addresses):
        yield Cell(talks, addresses, certificates.client())


@pytest.mark.parametrize("pieces", ["whole", "byte by byte", "chaos"])
@pytest.mark.parametrize("transport", ["tcp", "unix", "tls"])
def test_every_cell_gives_the_same_answers(cell: Cell, transport: str, pieces: str) -> None:
    for talk in cell.talks:
        said, read = talk()
        network = contextlib.ExitStack()
        address = cell.addresses[transport]
        if pieces == "chaos":
            address = network.enter_context(ChaosProxy(address, 1, most_bytes=60, delay_s=0.001)).address
        with network, connect(address, cell.context if transport == "tls" else None) as client:
            for piece in [said] if pieces != "byte by byte" else [said[i : i + 1] for i in range(len(said))]:
                client.sendall(piece)
            got = b""
            while len(read(got)) < len(EXPECTED):
                data = client.recv(65536)
                assert data, f"closed after {got!r}"
                got += data
            assert read(got) == EXPECTED
