"""HPACK: a browser's header list of 13 fields packed and unpacked, as a connection does from its second request on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hpack

from benchmarks.bars import Bar
from fastnet.codecs.hpack import Decoder, Encoder

SPEED = "messages_per_s"

Fields = list[tuple[bytes, bytes]]

FIELDS: Fields = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"www.example.com"),
    (b":path", b"/"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"navigate"),
    (b"referer", b"https://www.example.com/articles"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9,de;q=0.8"),
    (b"cookie", b"session=0123456789abcdef0123456789abcdef"),
    (b"upgrade-insecure-requests", b"1"),
]
BAR = [Bar("fastnet", SPEED, 30, "hpack")]


@dataclass(frozen=True)
class HpackCodec:
    name: str
    run: Callable[[list[bytes]], object]
    fields: Callable[[], Fields]  # what came of it, for comparison


@dataclass(frozen=True)
class HpackCase:
    title: str
    inputs: list[bytes]
    units: int
    parsers: list[HpackCodec]
    bars: list[Bar]

    def check(self) -> None:
        for codec in self.parsers:
            if codec.fields() != FIELDS:
                raise ValueError(f"{codec.name} differs in {self.title}")


def encode_with(encoder: Encoder | hpack.Encoder) -> Callable[[list[bytes]], object]:
    encode = encoder.encode

    def run(inputs: list[bytes]) -> object:
        result = None
        for _ in inputs:
            result = encode(FIELDS)
        return result

    return run


def decode_with(decode: Callable[[bytes], object]) -> Callable[[list[bytes]], object]:
    def run(inputs: list[bytes]) -> object:
        result = None
        for one in inputs:
            result = decode(one)
        return result

    return run


def understood(blocks: list[bytes]) -> Fields:
    """What an independent decoder makes of the last of these."""
    decoder, fields = hpack.Decoder(), []
    for block in blocks:
        fields = decoder.decode(block, raw=True)
    return [(bytes(name), bytes(value)) for name, value in fields]


_PEER = hpack.Encoder()
FIRST, STEADY = _PEER.encode(FIELDS), _PEER.encode(FIELDS)
_OURS, _THEIRS = Decoder(), hpack.Decoder()
for _decode in (_OURS.decode, _THEIRS.decode):
    _decode(FIRST)


def _theirs(block: bytes) -> Any:
    return _THEIRS.decode(block, raw=True)


def _encoded(encoder: Encoder | hpack.Encoder) -> Fields:
    return understood([encoder.encode(FIELDS), encoder.encode(FIELDS)])


CASES: dict[str, HpackCase] = {
    "hpack-encode": HpackCase(
        "HPACK: pack 13 fields, most of them in the table",
        [b""] * 100,
        100,
        [
            HpackCodec("hpack", encode_with(hpack.Encoder()), lambda: _encoded(hpack.Encoder())),
            HpackCodec("fastnet", encode_with(Encoder()), lambda: _encoded(Encoder())),
        ],
        BAR,
    ),
    "hpack-decode": HpackCase(
        f"HPACK: unpack 13 fields, {len(STEADY)} B, most of them in the table",
        [STEADY] * 100,
        100,
        [
            HpackCodec("hpack", decode_with(_theirs), lambda: [(bytes(n), bytes(v)) for n, v in _theirs(STEADY)]),
            HpackCodec("fastnet", decode_with(_OURS.decode), lambda: _OURS.decode(STEADY)),
        ],
        BAR,
    ),
}
