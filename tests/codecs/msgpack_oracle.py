"""What MessagePack tests share: inputs of every kind, and outcomes by which fastnet and msgpack-python are compared."""

import datetime
import struct
from collections.abc import Callable
from typing import Any

import msgpack
from hypothesis import strategies as st

import fastnet.msgpack

# Errors by the names that both have; whatever else is raised is compared by its own name.
KNOWN = ("FormatError", "StackError", "ExtraData", "OutOfData", "BufferFull")


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Raw(bytes):
    pass


class Items(list):
    pass


class Pair(tuple):
    pass


class Mapping(dict):
    pass


class Unknown:
    """Nothing can pack it but a `default`; the same to both libraries."""


def canonical(value: Any) -> Any:
    """A value as both libraries have it, by exact types, with floats by their bits."""
    kind = type(value).__name__
    if isinstance(value, float):
        return kind, struct.pack(">d", value)
    if kind == "Timestamp":
        return kind, value.seconds, value.nanoseconds
    if isinstance(value, dict):
        return kind, [(canonical(k), canonical(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return kind, [canonical(item) for item in value]
    return kind, value


def error_name(error: BaseException) -> str:
    names = [kind.__name__ for kind in type(error).__mro__]
    if names[0] == "Truncated":
        return "ValueError"  # of unpackb(), by no other name there
    for name in KNOWN:
        if name in names:
            return name
    return next(name for name in names if name in vars(__import__("builtins")))


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return canonical(call())
    except Exception as error:
        extra = (canonical(error.unpacked), bytes(error.extra)) if hasattr(error, "unpacked") else None
        return error_name(error), extra


def with_types(value: Any, library: Any) -> Any:
    """The value with ExtType and Timestamp of that library."""
    if type(value) is fastnet.msgpack.ExtType:
        return library.ExtType(*value)
    if type(value) is fastnet.msgpack.Timestamp:
        return library.Timestamp(value.seconds, value.nanoseconds)
    if isinstance(value, dict):
        return type(value)((with_types(k, library), with_types(v, library)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(with_types(item, library) for item in value)
    return value


EDGES = [0, 1, 2**5, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**63, 2**64]
ints = st.one_of(
    st.integers(-40, 300),
    st.builds(lambda edge, add: edge + add, st.sampled_from([*EDGES, *(-n for n in EDGES)]), st.integers(-2, 2)),
    st.integers(-(2**66), 2**66),
)  # fmt: skip
texts = st.one_of(st.text(max_size=40), st.text("abcé€😀", max_size=300), st.text(st.characters(), max_size=3))
zones = st.sampled_from([None, datetime.UTC, datetime.timezone(datetime.timedelta(hours=3))])
stamps = st.builds(
    fastnet.msgpack.Timestamp,
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 2**35)),
    st.integers(0, 999_999_999),
)
exts = st.builds(fastnet.msgpack.ExtType, st.integers(0, 127), st.binary(max_size=40))
scalars = st.one_of(
    st.none(), st.booleans(), ints, st.floats(), st.floats(width=32), texts, st.binary(max_size=300), exts, stamps,
    st.datetimes(timezones=zones), st.builds(Text, texts), st.builds(Whole, ints), st.builds(Real, st.floats()),
    st.builds(Raw, st.binary()),
    st.builds(bytearray, st.binary(max_size=9)), st.builds(memoryview, st.binary(max_size=9)), st.builds(Unknown),
)  # fmt: skip
keys = st.one_of(st.text("abcdefgh", max_size=30), st.text(max_size=4), st.binary(max_size=4), st.integers(-1, 300))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=20), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=20),
        st.lists(inner, max_size=3).map(Items), st.lists(inner, max_size=3).map(Pair),
        st.dictionaries(keys, inner, max_size=3).map(Mapping),
    ),
    max_leaves=30,
)  # fmt: skip
defaults = st.sampled_from([None, repr, lambda value: [1, "two"], lambda value: value])
pack_options = st.fixed_dictionaries(
    {},
    optional={
        "default": defaults,
        "use_single_float": st.booleans(),
        "use_bin_type": st.booleans(),
        "strict_types": st.booleans(),
        "datetime": st.booleans(),
        "unicode_errors": st.sampled_from([None, "strict", "ignore", "replace", "surrogatepass"]),
    },
)


def compare_pack(value: Any, options: dict[str, Any]) -> None:
    theirs = outcome(lambda: msgpack.packb(with_types(value, msgpack), **options))
    ours = outcome(lambda: fastnet.msgpack.packb(value, **options))
    assert ours == theirs


limits = st.sampled_from([-1, 0, 1, 2, 5, 100])
hooks = st.fixed_dictionaries(
    {},
    optional={
        "list_hook": st.sampled_from([None, len]),
        "ext_hook": st.sampled_from([lambda code, data: (code, data), lambda code, data: data.hex()]),
        "use_list": st.booleans(),
        "raw": st.booleans(),
        "timestamp": st.integers(-1, 4),
        "strict_map_key": st.booleans(),
        "unicode_errors": st.sampled_from([None, "strict", "ignore", "replace", "surrogateescape"]),
        "max_array_len": limits,
        "max_map_len": limits,
    },
)
object_hooks = st.sampled_from([{}, {}, {"object_hook": len}, {"object_pairs_hook": repr}, {"object_hook": tuple}])
unpack_options = st.builds(lambda a, b: a | b, hooks, object_hooks)


def packed_of(value: Any) -> bytes:
    return fastnet.msgpack.packb(value, default=lambda _: None, datetime=True, unicode_errors="surrogatepass")


def _changed(data: bytes, at: int, byte: int, cut: int) -> bytes:
    whole = bytearray(data)
    if whole:
        whole[at % len(whole)] = byte
    return bytes(whole[: len(whole) - cut])


messages = st.one_of(
    values.map(packed_of),
    st.builds(_changed, values.map(packed_of), st.integers(0, 100), st.integers(0, 255), st.integers(0, 3)),
    st.binary(max_size=60),
    st.builds(bytes.__add__, values.map(packed_of), st.binary(max_size=2)),
)


def compare_unpack(data: bytes, options: dict[str, Any]) -> None:
    theirs = outcome(lambda: msgpack.unpackb(data, **options))
    ours = outcome(lambda: fastnet.msgpack.unpackb(data, **options))
    assert ours == theirs, (data, options)
