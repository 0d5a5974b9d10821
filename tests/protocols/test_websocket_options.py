"""What a side of a WebSocket allows: every option that cannot be is named."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fastnet.errors import ConfigError
from fastnet.protocols.websocket_options import Options


def test_what_can_be() -> None:
    options = Options(ping_interval=math.inf, subprotocols=["chat"], origins=["https://a.example"], max_frame_bytes=1)  # type: ignore[arg-type]
    assert options.subprotocols == ("chat",)
    assert options.origins == ("https://a.example",)
    assert Options(origins="*").origins == "*"
    assert Options(deflate=None, path="/chat", check=lambda request: None) != Options()
    assert Options() == Options()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_message_bytes", 0),
        ("max_frame_bytes", 0),
        ("max_fragments", 0),
        ("ping_interval", 0),
        ("ping_timeout", math.nan),
        ("message_timeout", "1"),
        ("close_timeout", -1),
        ("handshake_timeout", 0),
        ("subprotocols", "chat"),
        ("subprotocols", ["", "chat"]),
        ("origins", "https://a.example"),
        ("origins", [1]),
        ("deflate", True),
        ("path", "chat"),
        ("check", 1),
    ],
)
def test_what_cannot(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Options(**{option: value})
    assert caught.value.option == option
