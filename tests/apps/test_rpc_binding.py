"""Signatures as binding: positions, names, defaults, and the words of a refusal."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from fastnet.apps.rpc_binding import method_of
from fastnet.errors import ConfigError
from fastnet.protocols.rpc_errors import InvalidParams


def plain(a: int, b: float = 2.0, *, c: str = "c") -> Any:
    return (a, b, c)


def strict(a: int, /, b: int, *, c: int) -> Any:
    return (a, b, c)


def rest(a: int, *others: int, **named: str) -> Any:
    return (a, others, named)


def free(a, b=None):  # type: ignore[no-untyped-def]
    return (a, b)


GOOD: list[tuple[Callable[..., Any], Any, Any]] = [
    (plain, [1], (1, 2.0, "c")),
    (plain, [1, 3], (1, 3.0, "c")),
    (plain, (1, 3.5), (1, 3.5, "c")),
    (plain, {"a": 1}, (1, 2.0, "c")),
    (plain, {"c": "x", "b": 1, "a": 2}, (2, 1.0, "x")),
    (rest, [1], (1, (), {})),
    (rest, [1, 2, 3], (1, (2, 3), {})),
    (rest, {"a": 1, "x": "y"}, (1, (), {"x": "y"})),
    (free, [1, "x"], (1, "x")),
]


@pytest.mark.parametrize(("function", "params", "expected"), GOOD)
def test_arguments_reach_their_parameters(function: Callable[..., Any], params: Any, expected: Any) -> None:
    found = method_of(function, "f").invoke(params)
    assert found == expected and list(map(type, found)) == list(map(type, expected))


BAD: list[tuple[Callable[..., Any], Any, str]] = [
    (plain, [], r"f\(\) lacks a"),
    (plain, {}, r"f\(\) lacks a"),
    (plain, [1, 2, "c"], "at most 2 arguments by position, not 3"),
    (plain, ["1"], r"f\(\): a: expected int, got str '1'"),
    (plain, {"a": 1, "d": 1}, "no parameter 'd'"),
    (plain, {"a": None}, "a: expected int"),
    (strict, [1, 2], "lacks c"),
    (strict, {"b": 1, "c": 1}, "lacks a"),
    (strict, {"a": 1, "b": 1, "c": 1}, "no parameter 'a'"),
    (rest, [1, "x"], "argument 2: expected int"),
    (rest, {"a": 1, "x": 1}, "x: expected str"),
]


@pytest.mark.parametrize(("function", "params", "text"), BAD)
def test_what_does_not_fit_is_refused_by_name(function: Callable[..., Any], params: Any, text: str) -> None:
    with pytest.raises(InvalidParams, match=text):
        method_of(function, "f").invoke(params)


def test_a_type_error_inside_the_function_is_its_own() -> None:
    def broken(a: int) -> None:
        len(a)  # type: ignore[arg-type]

    with pytest.raises(TypeError):
        method_of(broken, "f").invoke([1])


def test_what_is_known_of_a_method() -> None:
    async def ticks(n: int) -> AsyncIterator[int]:
        """Counts."""
        yield n

    def items(n: int) -> Iterator[int]:
        yield n

    async def wait() -> None: ...

    assert (method_of(ticks, "t").is_async, method_of(ticks, "t").is_stream, method_of(ticks, "t").doc) == (
        True,
        True,
        "Counts.",
    )
    assert (method_of(items, "i").is_async, method_of(items, "i").is_stream) == (False, True)
    assert (method_of(wait, "w").is_async, method_of(wait, "w").is_stream) == (True, False)
    assert method_of(items, "i").result.xml == ("array",) and method_of(wait, "w").result.xml == ("nil",)
    assert method_of(wait, "w", 3.0).timeout_s == 3.0


def test_what_cannot_be_a_method() -> None:
    def odd(a: complex) -> None: ...

    with pytest.raises(ConfigError, match=r"f\(a\)"):
        method_of(odd, "f")
    with pytest.raises(ConfigError, match="a function"):
        method_of(3, "f")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="timeout_s"):
        method_of(plain, "f", 0)
