"""permessage-deflate (RFC 7692): how two sides agree on it, and messages compressed and decompressed by `zlib`.

A `Deflate` says what this side wants; `offer()` and `accept()` are the client's and the server's header fields,
`agreed()` is the client's reading of the answer. What comes of it is a `Deflating`: `deflate` and `inflate` are what an
Encoder and a Decoder take. Windows are made when first used, so a connection that compresses nothing costs nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastnet.errors import ConfigError, ProtocolError

_NAME = "permessage-deflate"
# What each compressed message would end with, and is sent without (RFC 7692, section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"
# The end of a message that is empty (section 7.2.3.6).
_EMPTY = b"\x00"
_WINDOW = 32768
# Blocks of a message that may say that they are the last one: nobody sends any, and each costs a new window.
_MOST_LAST = 8
_PARAMETERS = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
}
# zlib cannot write with the smallest window that the extension knows.
_LEAST_BITS, _LEAST_OUT_BITS, _MOST_BITS = 8, 9, 15


@dataclass(frozen=True, kw_only=True)
class Deflate:
    """What one side asks for, or allows.

    window_bits: 9 to 15, of what this side sends, so it holds 2^bits bytes and costs about six times that;
    peer_window_bits: 8 to 15, the most of what the peer sends. keep_window, peer_keeps_window: whether the window lives
    on from message to message. level, memory_level: zlib's. from_bytes: shorter messages are not compressed.
    Raises ConfigError for what cannot be.
    """

    window_bits: int = 12
    peer_window_bits: int = 15
    keep_window: bool = True
    peer_keeps_window: bool = True
    level: int = 1
    memory_level: int = 5
    from_bytes: int = 128

    def __post_init__(self) -> None:
        for name, least, most in (
            ("window_bits", _LEAST_OUT_BITS, _MOST_BITS),
            ("peer_window_bits", _LEAST_BITS, _MOST_BITS),
            ("level", 0, 9),
            ("memory_level", 1, 9),
            ("from_bytes", 0, 1 << 62),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= most:
                raise ConfigError(name, value, f"a number from {least} to {most}")

    def offer(self) -> str:
        """A client's Sec-WebSocket-Extensions field."""
        parts = [_NAME, "client_max_window_bits" + (f"={self.window_bits}" if self.window_bits < _MOST_BITS else "")]
        if self.peer_window_bits < _MOST_BITS:
            parts.append(f"server_max_window_bits={self.peer_window_bits}")
        if not self.peer_keeps_window:
            parts.append("server_no_context_takeover")
        if not self.keep_window:
            parts.append("client_no_context_takeover")
        return "; ".join(parts)

    def accept(self, field: str) -> tuple[str, Deflating] | None:
        """A server's answer to that field: the field to answer with, and what was agreed on; None: nothing.

        The first offer that can be taken is. Raises ProtocolError for a field that is none (RFC 6455, section 9.1).
        """
        for name, parameters in extensions(field):
            agreed = self._take(parameters) if name == _NAME else None
            if agreed is not None:
                return agreed
        return None

    def _take(self, parameters: list[tuple[str, str | None]]) -> tuple[str, Deflating] | None:
        said = _checked(parameters)
        if said is None:
            return None
        parts = [_NAME]
        out_bits, in_bits = self.window_bits, _MOST_BITS
        server_most = said.get("server_max_window_bits")
        if server_most is not None:
            out_bits = min(out_bits, int(server_most))
            if out_bits < _LEAST_OUT_BITS:
                return None
        if out_bits < _MOST_BITS:
            parts.append(f"server_max_window_bits={out_bits}")
        if "client_max_window_bits" in said:
            in_bits = min(self.peer_window_bits, int(said["client_max_window_bits"] or _MOST_BITS))
            parts.append(f"client_max_window_bits={in_bits}")
        elif self.peer_window_bits < _MOST_BITS:
            return None  # the client cannot be asked for a smaller one
        keep_out = self.keep_window and "server_no_context_takeover" not in said
        keep_in = self.peer_keeps_window and "client_no_context_takeover" not in said
        if not keep_out:
            parts.append("server_no_context_takeover")
        if not keep_in:
            parts.append("client_no_context_takeover")
        return "; ".join(parts), Deflating(self, out_bits, in_bits, keep_out, keep_in)

    def agreed(self, field: str) -> Deflating | None:
        """What a server's answer to offer() says; None: no compression.

        Raises ProtocolError for an answer to something that was not offered (RFC 7692, section 5.1).
        """
        answers = list(extensions(field))
        if not answers:
            return None
        name, parameters = answers[0]
        said = _checked(parameters) if name == _NAME and len(answers) == 1 else None
        if said is None:
            raise ProtocolError(f"the server chose extensions that were not offered: {field!r:.200}", 1010)
        out_bits = min(self.window_bits, int(said.get("client_max_window_bits") or _MOST_BITS))
        in_bits = int(said.get("server_max_window_bits") or _MOST_BITS)
        keep_in = "server_no_context_takeover" not in said
        if (
            in_bits > self.peer_window_bits
            or out_bits < _LEAST_OUT_BITS
            or (keep_in and not self.peer_keeps_window)
            or ("client_max_window_bits" in said and said["client_max_window_bits"] is None)
        ):
            raise ProtocolError(f"the server's answer does not fit the offer: {field!r:.200}", 1010)
        keep_out = self.keep_window and "client_no_context_takeover" not in said
        return Deflating(self, out_bits, in_bits, keep_out, keep_in)


class Deflating:
    """What was agreed on, as the two functions of one side of one connection.

    out_bits, in_bits: windows; keep_out, keep_in: whether they live on from message to message.
    """

    def __init__(self, wanted: Deflate, out_bits: int, in_bits: int, keep_out: bool, keep_in: bool) -> None:
        self._wanted = wanted
        self.out_bits, self.in_bits = out_bits, in_bits
        self.keep_out, self.keep_in = keep_out, keep_in
        self._compressor: Any = None
        self._decompressor: Any = None

    @property
    def from_bytes(self) -> int:
        """Shorter messages are not worth it."""
        return self._wanted.from_bytes

    def deflate(self, data: bytes) -> bytes:
        """A message, compressed (RFC 7692, section 7.2.1)."""
        compressor = self._compressor
        if compressor is None:
            wanted = self._wanted
            compressor = zlib.compressobj(wanted.level, zlib.DEFLATED, -self.out_bits, wanted.memory_level)
            if self.keep_out:
                self._compressor = compressor
        out: bytes = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return out[: -len(_TAIL)] or _EMPTY

    def inflate(self, data: bytes, most: int) -> bytes | None:
        """A message, decompressed (section 7.2.2); None: it has more than `most` bytes, of which no more are made.

        Raises ProtocolError for what is not compressed.
        """
        decompressor = self._decompressor or zlib.decompressobj(-self.in_bits)
        data += _TAIL
        try:
            out: bytes = decompressor.decompress(data, most + 1)
            last = 0
            while decompressor.eof:
                last += 1
                if last > _MOST_LAST:
                    raise ProtocolError(f"a message has more than {_MOST_LAST} last blocks", 1007)
                # A block said that it was the last one; what follows goes on in the same window (section 7.2.3.4).
                data = decompressor.unused_data
                decompressor = zlib.decompressobj(-self.in_bits, zdict=out[-_WINDOW:])
                out += decompressor.decompress(data, most + 1 - len(out)) if data and len(out) <= most else b""
        except zlib.error as error:
            raise ProtocolError(f"a message is not compressed as it should be: {error}", 1007) from None
        if len(out) > most:
            return None
        if self.keep_in:
            self._decompressor = decompressor
        return out


def _checked(parameters: list[tuple[str, str | None]]) -> dict[str, str | None] | None:
    """The parameters by name; None if one is unknown, there twice, or has a value that it cannot have."""
    said = dict(parameters)
    if len(said) < len(parameters) or not said.keys() <= _PARAMETERS:
        return None
    for name, value in parameters:
        if not name.endswith("_bits"):
            if value is not None:
                return None
        elif value is None:
            if name != "client_max_window_bits":
                return None
        elif not (value.isascii() and value.isdigit() and value[0] != "0" and _LEAST_BITS <= int(value) <= _MOST_BITS):
            return None
    return said


def extensions(field: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """What a Sec-WebSocket-Extensions field lists: names, each with its parameters (RFC 6455, section 9.1).

    Raises ProtocolError for what is no such list.
    """
    for item in field.split(","):
        if not item.strip(" \t"):
            continue  # an empty element of a list says nothing (RFC 9110, section 5.6.1)
        name, *rest = (part.strip(" \t") for part in item.split(";"))
        parameters: list[tuple[str, str | None]] = []
        for part in rest:
            key, equals, value = part.partition("=")
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            parameters.append((_token(key, field), _token(value, field) if equals else None))
        yield _token(name, field), parameters


def _token(text: str, field: str) -> str:
    if not text or not text.isascii() or not all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in text):
        raise ProtocolError(f"not a list of extensions: {field!r:.200}")
    return text
