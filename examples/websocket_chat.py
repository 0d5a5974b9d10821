"""A chat room by WebSocket: fastnet serve websocket_chat:Chat --bind tcp://127.0.0.1:8000

Everybody gets what anybody writes; who does not read is dropped.
"""

from __future__ import annotations

from typing import Any

import fastnet
from fastnet.errors import BufferFull, ClientDisconnected


@fastnet.websocket(subprotocols=["chat"])
class Chat:
    everyone: set[Any] = set()  # noqa: RUF012

    def on_connect(self, connection: Any) -> None:
        self.connection = connection
        self.everyone.add(connection)

    def on_message(self, message: str) -> None:
        for other in list(self.everyone):
            try:
                other.send(message)
            except (BufferFull, ClientDisconnected):
                other.abort()

    def on_close(self, error: Exception | None) -> None:
        self.everyone.discard(self.connection)
