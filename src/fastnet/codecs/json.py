"""JSON (RFC 8259), by orjson where it is installed and by the standard library where it is not, with one behaviour.

The standard library decides: orjson is used where its result is certain to be the same, and whatever it refuses is
tried again without it, so that the answer, or the error, does not depend on what is installed.
"""

import enum
import functools
import importlib
import json
import math
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from fastnet.codecs.json_text import has_small_float, survey
from fastnet.errors import ConfigError, LimitExceeded, ProtocolError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_BYTES = 16 * 1024 * 1024
# Below what either parser can do, so that neither decides; no format in use comes near it.
MAX_DEPTH = 500

_NOT_NUMBERS = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)')


@functools.cache
def _orjson() -> Any:
    """orjson, or None where it is not installed; imported when it is first needed."""
    try:
        return importlib.import_module("orjson")
    except ImportError:
        return None


class JSONDecodeError(ProtocolError, ValueError):
    """What was to be JSON is not, or has what was to be refused. A ValueError, as the standard library's is."""


def loads(
    data: "Buffer | str",
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    unique_keys: bool = False,
    allow_nan: bool = False,
) -> Any:
    """The value of a JSON text.

    data: UTF-8, without a byte order mark, or str. Integers of any size are exact. Of equal keys in an object the last
    one holds, or with `unique_keys` they are refused. NaN and Infinity are refused unless `allow_nan`; a number too
    large for a float is refused as they are.

    Raises LimitExceeded (413) for a text of more than `max_bytes` or with arrays and objects nested more than
    `max_depth` deep, and JSONDecodeError (400) for what is no JSON, is no UTF-8, or has half a surrogate pair.
    """
    if not 1 <= max_depth <= MAX_DEPTH:
        raise ConfigError("max_depth", max_depth, f"1 to {MAX_DEPTH}")
    try:
        text = data.encode() if isinstance(data, str) else data if type(data) is bytes else bytes(memoryview(data))
    except UnicodeEncodeError:
        raise JSONDecodeError("half a surrogate pair is no text") from None
    if len(text) > max_bytes:
        raise LimitExceeded(f"a JSON text of {len(text)} bytes; the most is {max_bytes}", 413)
    depth, wide, lone = survey(text)
    if depth > max_depth:
        raise LimitExceeded(f"JSON is nested {depth} deep; the most is {max_depth}", 413)
    if lone:
        raise JSONDecodeError("a JSON string has half a surrogate pair")
    if not (wide or unique_keys or allow_nan) and (orjson := _orjson()) is not None:
        try:
            return orjson.loads(text)
        except ValueError:
            pass
    return _loads(text, unique_keys, allow_nan)


def _loads(text: bytes, unique_keys: bool, allow_nan: bool) -> Any:
    try:
        return json.loads(
            text.decode(),
            object_pairs_hook=_unique if unique_keys else None,
            parse_constant=None if allow_nan else _refuse_constant,
            parse_float=None if allow_nan else _finite,
        )
    except RecursionError:
        raise LimitExceeded("JSON is nested deeper than the stack of this thread lets it", 413) from None
    except JSONDecodeError:
        raise
    except UnicodeDecodeError as error:
        raise JSONDecodeError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    except ValueError as error:
        raise JSONDecodeError(f"not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JSONDecodeError(f"a JSON object has the key {key[:100]!r} twice")
            seen.add(key)
    return found


def _refuse_constant(name: str) -> Any:
    raise JSONDecodeError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JSONDecodeError(f"a JSON number is too large for a float: {text[:50]}")
    return value


def dumps(
    value: Any,
    *,
    default: Callable[[Any], Any] | None = None,
    sort_keys: bool = False,
    nan: Literal["null", "refuse"] = "null",
) -> bytes:
    """The JSON text of a value: UTF-8, no white space, floats as repr() has them.

    value: dict, list, tuple, str, int of any size, float, bool, None, their subclasses, Enum (its value) and UUID (its
    str). Keys that are int, float, bool or None become strings, as json.dumps makes them. `default` gets whatever is
    something else and returns what to write for it. NaN and infinities become null or, with nan="refuse", an error.

    Raises TypeError for what JSON has no form for, ValueError for a value that contains itself, is nested deeper than
    the stack allows, is not to be written, or is a str with half a surrogate pair.
    """
    if nan not in ("null", "refuse"):
        raise ConfigError("nan", nan, '"null" or "refuse"')

    def other(item: Any) -> Any:
        if isinstance(item, enum.Enum):
            return item.value
        if isinstance(item, uuid.UUID):
            return str(item)
        if isinstance(item, float):  # of a subclass, which orjson does not know
            return float(item)
        if isinstance(item, tuple):
            return list(item)
        if default is None:
            raise TypeError(f"JSON has no form for {type(item).__name__}: give dumps() a default that makes one")
        return default(item)

    if nan == "null" and (orjson := _orjson()) is not None:
        options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
        try:
            out: bytes = orjson.dumps(value, other, options | (orjson.OPT_SORT_KEYS if sort_keys else 0))
        except TypeError:
            pass
        else:
            if not has_small_float(out):
                return out
    return _dumps(value, other, sort_keys, nan == "null")


def _dumps(value: Any, other: Callable[[Any], Any], sort_keys: bool, nan_is_null: bool) -> bytes:
    encoder = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, default=other, allow_nan=nan_is_null
    )
    try:
        text = encoder.encode(value)
    except RecursionError:
        raise ValueError("the value is nested deeper than the stack of this thread lets it") from None
    if "NaN" in text or "Infinity" in text:
        text = _NOT_NUMBERS.sub(lambda match: "null" if match[1] else match[0], text)
    return text.encode()
