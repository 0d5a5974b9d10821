"""WebSocket frames made by hand, right or wrong."""

from __future__ import annotations

KEY = b"\x37\xfa\x21\x3d"


def frame(first: int, payload: bytes = b"", key: bytes | None = KEY, length: bytes | None = None) -> bytes:
    """A frame as somebody else would write it; `length`: the bytes that say it, without the mask bit."""
    if length is None:
        n = len(payload)
        length = (
            bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big") if n < 65536 else b"\x7f" + n.to_bytes(8, "big")
        )
    if key is None:
        return bytes([first]) + length + payload
    return bytes([first, length[0] | 0x80]) + length[1:] + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))
