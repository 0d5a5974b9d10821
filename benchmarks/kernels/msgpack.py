"""MessagePack: encoders and decoders made to do the same work on the same objects, as their functions, with defaults.

Streams are read by iteration from chunks of 64 KiB, as a busy socket gives them; "as a list" is what only fastnet has.
The objects are plain lists and dicts that are decoded as such; nothing is typed, for all but the arrays.
"""

import random
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import amsgpack
import msgpack
import msgspec.msgpack
import ormsgpack

import fastnet.msgpack
from benchmarks.bars import Bar

SPEED = "objects_per_s"
FASTNET = "fastnet"
PIECE_BYTES = 65536

ENVELOPE = [0, 12345, "method.name", [1, "two", 3.5]]
ROWS = [{"id": n, "name": f"name-{n}", "active": n % 3 > 0, "score": n * 0.5, "group": n % 7} for n in range(10_000)]
FLOATS = [random.Random(n).random() for n in range(10_000)]
INTS = [random.Random(n).getrandbits(31) for n in range(10_000)]
STREAM = [[0, n, "method.name", [n, "two", 3.5]] for n in range(5_000)]

Run = Callable[[list[Any]], object]


@dataclass(frozen=True)
class Codec:
    name: str
    run: Run  # does the work on every input, and returns the last result


@dataclass(frozen=True)
class MsgpackCase:
    title: str
    inputs: list[Any]
    units: int  # messages or numbers, by which the time is divided
    parsers: list[Codec]
    bars: list[Bar]
    normal: Callable[[Any], Any]  # of results, to compare them

    def check(self) -> None:
        expected = self.normal(self.parsers[0].run(self.inputs))
        for codec in self.parsers[1:]:
            if self.normal(codec.run(self.inputs)) != expected:
                raise ValueError(f"{codec.name} and {self.parsers[0].name} differ in {self.title}")


def each(name: str, function: Callable[[Any], Any]) -> Codec:
    def run(inputs: list[Any]) -> object:
        result = None
        for one in inputs:
            result = function(one)
        return result

    return Codec(name, run)


ENCODERS = [
    each("msgpack", msgpack.packb),
    each("ormsgpack", ormsgpack.packb),
    each("amsgpack", amsgpack.packb),
    each("msgspec", msgspec.msgpack.encode),
    each(FASTNET, fastnet.msgpack.packb),
]
DECODERS = [
    each("msgpack", msgpack.unpackb),
    each("ormsgpack", ormsgpack.unpackb),
    each("amsgpack", amsgpack.unpackb),
    each("msgspec", msgspec.msgpack.decode),
    each(FASTNET, fastnet.msgpack.unpackb),
]


def stream(name: str, unpacker: Callable[[], Any]) -> Codec:
    def run(pieces: list[bytes]) -> object:
        reader, n, last = unpacker(), 0, None
        for piece in pieces:
            reader.feed(piece)
            for last in reader:  # noqa: B007 - the last one is looked at
                n += 1
        return n, last

    return Codec(name, run)


def stream_as_lists(pieces: list[bytes]) -> object:
    reader, n, found = fastnet.msgpack.Unpacker(), 0, []
    for piece in pieces:
        found = reader.unpack_all(piece)
        n += len(found)
    return n, found[-1]


def cut(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]


def faster(bound: float, other: str, mine: str = FASTNET) -> Bar:
    return Bar(mine, SPEED, bound, other)


def than_every(codecs: list[Codec], bound: float, mine: str) -> list[Bar]:
    return [faster(bound, codec.name, mine) for codec in codecs]


def _same(value: Any) -> Any:
    return value


def encode(title: str, value: Any, repeat: int, units: int, bars: list[Bar]) -> MsgpackCase:
    return MsgpackCase(f"MessagePack: {title}", [value] * repeat, repeat * units, ENCODERS, bars, msgpack.unpackb)


def decode(title: str, value: Any, repeat: int, units: int, bars: list[Bar]) -> MsgpackCase:
    return MsgpackCase(f"MessagePack: {title}", [msgpack.packb(value)] * repeat, repeat * units, DECODERS, bars, _same)


def array_encode(title: str, numbers: list[Any], code: str) -> MsgpackCase:
    """The lists and the array are both there already: only the encoding is timed."""
    typed = array(code, numbers)
    ours = Codec("fastnet, from an array", lambda inputs: [fastnet.msgpack.pack_array(typed) for _ in inputs][-1])
    bars = than_every(ENCODERS, 10, ours.name)
    return MsgpackCase(
        f"MessagePack: {title}", [numbers] * 10, 10 * len(numbers), [*ENCODERS, ours], bars, msgpack.unpackb
    )


def array_decode(title: str, numbers: list[Any], code: str) -> MsgpackCase:
    ours = each("fastnet, to an array", lambda packed: fastnet.msgpack.unpack_array(packed, code))
    bars = than_every(DECODERS, 10, ours.name)
    packed = msgpack.packb(numbers)
    return MsgpackCase(f"MessagePack: {title}", [packed] * 10, 10 * len(numbers), [*DECODERS, ours], bars, list)


CASES: dict[str, MsgpackCase] = {
    "msgpack-encode-envelope": encode(
        "encode an RPC envelope", ENVELOPE, 2000, 1, [faster(4.5, "msgpack"), faster(0.95, "msgspec")]
    ),
    "msgpack-decode-envelope": decode("decode an RPC envelope", ENVELOPE, 2000, 1, []),
    "msgpack-encode-rows": encode("encode a list of 10,000 dicts", ROWS, 1, len(ROWS), []),
    "msgpack-decode-rows": decode(
        "decode a list of 10,000 dicts", ROWS, 1, len(ROWS), [faster(2.3, "msgpack"), faster(1.1, "amsgpack")]
    ),
    "msgpack-encode-floats": encode("encode a list of 10,000 floats", FLOATS, 10, len(FLOATS), [faster(8, "msgpack")]),
    "msgpack-decode-floats": decode("decode a list of 10,000 floats", FLOATS, 10, len(FLOATS), []),
    "msgpack-array-encode-floats": array_encode("encode 10,000 floats", FLOATS, "d"),
    "msgpack-array-decode-floats": array_decode("decode 10,000 floats", FLOATS, "d"),
    "msgpack-array-encode-ints": array_encode("encode 10,000 ints of 31 bits", INTS, "i"),
    "msgpack-array-decode-ints": array_decode("decode 10,000 ints of 31 bits", INTS, "i"),
    "msgpack-stream": MsgpackCase(
        "MessagePack: 5,000 envelopes from a stream, each let go before the next",
        cut(b"".join(map(msgpack.packb, STREAM))),
        len(STREAM),
        [
            stream("msgpack", msgpack.Unpacker),
            stream("amsgpack", amsgpack.Unpacker),
            stream(FASTNET, fastnet.msgpack.Unpacker),
            Codec("fastnet, as a list", stream_as_lists),
        ],
        [faster(1.4, "msgpack"), faster(1.2, "amsgpack")],
        _same,
    ),
}
