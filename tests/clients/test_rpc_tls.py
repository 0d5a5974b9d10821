"""RPC clients over TLS, both faces, every protocol: calls go through, and who is not to be trusted is not called."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.rpc import AsyncClient, Client
from tests.servers.certificates import Certificates
from tests.servers.serving import Server

APPS = Path(__file__).parents[1] / "apps"
# Of the server, and of the client: its scheme and protocol.
KINDS = {
    "msgpack": ("tls", "msgpack"),
    "json": ("tls", "json"),
    "http": ("https", "json"),
    "http xml": ("https", "xml"),
}


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[tuple[str, str]]:
    scheme, protocol = KINDS[request.param]
    target = f"rpc_apps:plain.{request.param.split()[0]}"
    options = ("--workers", "1", *certificates.options)
    with Server(target, *options, cwd=APPS, bind="tls://127.0.0.1:0") as server:
        yield f"{scheme}://localhost:{server.port}", protocol


def call(face: str, place: tuple[str, str], tls: ssl.SSLContext | None) -> Any:
    if face == "sync":
        with Client(place[0], protocol=place[1], tls=tls) as client:
            return [client.call("add", [i, 2]) for i in range(3)] + [client.call("echo", ["x" * 9_000])]

    async def main() -> Any:
        async with AsyncClient(place[0], protocol=place[1], tls=tls) as client:
            calls = [client.call("add", [i, 2]) for i in range(3)] + [client.call("echo", ["x" * 9_000])]
            return await asyncio.gather(*calls)

    return asyncio.run(main())


@pytest.mark.parametrize("face", ["sync", "async"])
def test_calls_over_tls(face: str, place: tuple[str, str], certificates: Certificates) -> None:
    assert call(face, place, certificates.client()) == [2, 3, 4, "x" * 9_000]
    with pytest.raises(ssl.SSLCertVerificationError):
        call(face, place, None)  # an authority that nobody knows
