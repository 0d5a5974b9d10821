"""HTTP/2 under the pump: one channel, many exchanges, each with a carrier of its own."""

from typing import Any

def on(channel: Any) -> Any:
    """The client of a channel speaks HTTP/2: what has come already is the beginning of it."""
