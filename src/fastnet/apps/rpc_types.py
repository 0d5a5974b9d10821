"""From annotations to checks: what an argument must be, as the values of MessagePack, JSON and XML come.

int           an int, but no bool                float       a float or an int, which becomes one
list[T], Sequence[T], set[T], tuple[T, U], tuple[T, ...]     an array
dict[str, T]  a map                              a dataclass: a map of its fields; others are refused
T | U, Optional[T]: the first that fits, exactly before by conversion       Literal[...]
Enum: one of its values                          datetime    one, or a str as of ISO 8601
bool, str, bytes, None, Any and object as they say; no annotation is as Any
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Union

from fastnet.errors import ConfigError


class Mismatch(ValueError):
    """A value is not what its annotation asks for; the text says where and what would be right."""


@dataclass(frozen=True)
class Kind:
    """An annotation, compiled.

    check: returns the value to pass, or raises Mismatch.
    exact: a type whose instances need no check, object for any value, or None where every value needs one.
    name: as people write it. xml: the types of XML-RPC that it may have, for signatures.
    """

    check: Callable[[Any], Any]
    exact: type | None
    name: str
    xml: tuple[str, ...]


def _describe(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def _wrong(expected: str, value: Any) -> Mismatch:
    return Mismatch(f"expected {expected}, got {_describe(value)}")


def _plain(wanted: type, name: str, xml: str) -> Kind:
    def check(value: Any) -> Any:
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise _wrong(name, value)
        return value

    return Kind(check, wanted, name, (xml,))


def _float(value: Any) -> Any:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    raise _wrong("float", value)


def _datetime(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.datetime.fromisoformat(value)
        except ValueError:
            pass
    raise _wrong("datetime", value)


def _none(value: Any) -> Any:
    if value is not None:
        raise _wrong("None", value)


_KINDS: dict[Any, Kind] = {
    Any: Kind(lambda value: value, object, "Any", ("undef",)),
    object: Kind(lambda value: value, object, "Any", ("undef",)),
    int: _plain(int, "int", "int"),
    bool: _plain(bool, "bool", "boolean"),
    str: _plain(str, "str", "string"),
    bytes: _plain(bytes, "bytes", "base64"),
    float: Kind(_float, float, "float", ("double",)),
    None: Kind(_none, types.NoneType, "None", ("nil",)),
    types.NoneType: Kind(_none, types.NoneType, "None", ("nil",)),
    datetime.datetime: Kind(_datetime, datetime.datetime, "datetime", ("dateTime.iso8601",)),
}
_ARRAYS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.Iterable: list,
    collections.abc.Collection: list,
    set: set,
    frozenset: frozenset,
}


@functools.cache
def _nothing() -> Kind:
    return _KINDS[Any]


def kind_of(annotation: Any) -> Kind:
    """The Kind of an annotation, of those that the module names. Raises ConfigError for any other."""
    try:
        known = _KINDS.get(annotation)
    except TypeError:  # it has no hash
        known = None
    if known is not None:
        return known
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return kind_of(arguments[0])
    if origin in (Union, types.UnionType):
        return _union([kind_of(each) for each in arguments])
    if origin is Literal:
        return _literal(arguments)
    if annotation in (list, set, frozenset, dict, tuple) or origin is not None:
        base = origin or annotation
        if base is tuple:
            return _tuple(arguments)
        if base in _ARRAYS:
            return _array(_ARRAYS[base], kind_of(arguments[0]) if arguments else _nothing(), base.__name__)
        if base in (dict, collections.abc.Mapping):
            return _map(kind_of(arguments[1]) if arguments else _nothing(), arguments)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _enum(annotation)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _dataclass(annotation)
    raise ConfigError("annotation", annotation, "a type that arguments of calls can be checked against")


def _union(kinds: list[Kind]) -> Kind:
    name = " | ".join(kind.name for kind in kinds)
    exact = {kind.exact: kind for kind in kinds}

    def check(value: Any) -> Any:
        if object in exact or type(value) in exact:
            return value
        for kind in kinds:
            try:
                return kind.check(value)
            except Mismatch:
                pass
        raise _wrong(name, value)

    xml = tuple(dict.fromkeys(each for kind in kinds for each in kind.xml))
    return Kind(check, object if object in exact else None, name, xml)


def _xml_of(value: Any) -> str:
    return _KINDS[type(value)].xml[0] if type(value) in _KINDS else "undef"


def _literal(values: tuple[Any, ...]) -> Kind:
    name = "one of " + ", ".join(map(repr, values))

    def check(value: Any) -> Any:
        for each in values:
            if type(each) is type(value) and each == value:
                return value
        raise _wrong(name, value)

    return Kind(check, None, name, tuple(dict.fromkeys(map(_xml_of, values))))


def _enum(wanted: type[enum.Enum]) -> Kind:
    name = f"one of {', '.join(repr(each.value) for each in wanted)}"

    def check(value: Any) -> Any:
        for each in wanted:
            if each is value or (type(each.value) is type(value) and each.value == value):
                return each
        raise _wrong(name, value)

    return Kind(check, None, name, tuple(dict.fromkeys(_xml_of(each.value) for each in wanted)))


def _each(kind: Kind, values: list[Any] | tuple[Any, ...]) -> list[Any]:
    found = []
    for i, value in enumerate(values):
        try:
            found.append(value if kind.exact is object or type(value) is kind.exact else kind.check(value))
        except Mismatch as error:
            raise Mismatch(f"item {i}: {error}") from None
    return found


def _array(make: Callable[[list[Any]], Any], kind: Kind, base: str) -> Kind:
    name = base if kind.exact is object else f"{base}[{kind.name}]"

    def check(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise _wrong(name, value)
        try:
            return make(_each(kind, value))
        except TypeError:  # a set of what has no hash
            raise _wrong(name, value) from None

    return Kind(check, list if make is list and kind.exact is object else None, name, ("array",))


def _tuple(arguments: tuple[Any, ...]) -> Kind:
    if not arguments or arguments[1:] == (Ellipsis,):
        inner = kind_of(arguments[0]) if arguments else _nothing()
        return _array(tuple, inner, "tuple")
    kinds = [kind_of(each) for each in arguments if each != ()]
    name = f"tuple[{', '.join(kind.name for kind in kinds)}]"

    def check(value: Any) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) != len(kinds):
            raise _wrong(name, value)
        return tuple(each for kind, item in zip(kinds, value, strict=True) for each in _each(kind, [item]))

    return Kind(check, None, name, ("array",))


def _map(kind: Kind, arguments: tuple[Any, ...]) -> Kind:
    if arguments and arguments[0] not in (str, Any):
        raise ConfigError("annotation", arguments, "a dict with keys of type str")
    name = "dict" if kind.exact is object else f"dict[str, {kind.name}]"

    def check(value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise _wrong(name, value)
        return {key: _field(kind, key, item) for key, item in value.items()}

    return Kind(check, None, name, ("struct",))


def _field(kind: Kind, key: str, value: Any) -> Any:
    try:
        return value if kind.exact is object else kind.check(value)
    except Mismatch as error:
        raise Mismatch(f"{key!r}: {error}") from None


def _dataclass(wanted: type[Any]) -> Kind:
    fields = [field for field in dataclasses.fields(wanted) if field.init]
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    @functools.cache
    def kinds() -> dict[str, Kind]:  # when first used, since a dataclass may hold itself
        hints = typing.get_type_hints(wanted)
        return {field.name: kind_of(hints[field.name]) for field in fields}

    def check(value: Any) -> Any:
        if isinstance(value, wanted):
            return value
        if not isinstance(value, dict):
            raise _wrong(f"a map of the fields of {wanted.__name__}", value)
        known = kinds()
        if missing := needed - value.keys():
            raise Mismatch(f"{wanted.__name__} needs {', '.join(sorted(missing))}")
        if unknown := value.keys() - known.keys():
            raise Mismatch(f"{wanted.__name__} has no field {', '.join(sorted(map(repr, unknown)))}")
        return wanted(**{key: _field(known[key], key, item) for key, item in value.items()})

    return Kind(check, None, wanted.__name__, ("struct",))
