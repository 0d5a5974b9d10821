"""A service for the tests of clients."""

from typing import Any

import fastnet
from fastnet.framing import Lines


@fastnet.service(framing=Lines("lf"))
def shout(message: bytes, connection: Any) -> bytes | None:
    if message == b"leave":
        connection.close()
        return None
    return message.upper()
