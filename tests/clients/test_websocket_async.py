"""The WebSocket client for coroutines, against a server of ours."""

from __future__ import annotations

import asyncio

import pytest

import fastnet
from fastnet.errors import ProtocolError
from tests.apps.websockets import serve_site


def test_messages_and_the_end() -> None:
    async def main(url: str) -> None:
        async with await fastnet.connect_websocket_async(f"{url}/orders", subprotocols=["orders"]) as client:
            assert await client.receive() == "welcome to orders"
            assert await client.request("target") == "/orders"
            await client.send("many 30")
            assert [await client.receive() for _ in range(30)] == ["x" * 999] * 30
            await client.send("close 4001 moved")
            assert [message async for message in client] == []
            with pytest.raises(ConnectionError, match="4001 moved"):
                await client.send("late")
        async with await fastnet.connect_websocket_async(f"{url}/orders", read_timeout=0.2) as client:
            assert await client.receive() == "welcome to None"
            with pytest.raises(TimeoutError):
                await client.receive()
            await client.close(3000)
            assert client.protocol.close_code == 3000
        with pytest.raises(ProtocolError, match="404"):
            await fastnet.connect_websocket_async(f"{url}/other")

    with serve_site("Orders", "async") as server:
        asyncio.run(main(f"ws://127.0.0.1:{server.port}"))
