"""Annotations as checks: what fits, what becomes what, and what is refused with which words."""

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional

import pytest

from fastnet.apps.rpc_types import Mismatch, kind_of
from fastnet.errors import ConfigError


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass
class Point:
    x: int
    y: float = 0.0
    tags: list[str] = field(default_factory=list)
    next: Optional["Point"] = None


NOW = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
FITS: list[tuple[Any, Any, Any]] = [
    (int, 1, 1),
    (int, 2**80, 2**80),
    (bool, True, True),
    (float, 1.5, 1.5),
    (float, 2, 2.0),
    (str, "x", "x"),
    (bytes, b"x", b"x"),
    (None, None, None),
    (Any, [1], [1]),
    (object, 1j, 1j),
    (list, [1, "x"], [1, "x"]),
    (list[int], [1, 2], [1, 2]),
    (list[float], [1, 2.5], [1.0, 2.5]),
    (Sequence[str], ["x"], ["x"]),
    (set[int], [1, 1], {1}),
    (frozenset[int], [1], frozenset({1})),
    (tuple, [1, "x"], (1, "x")),
    (tuple[int, ...], [1, 2], (1, 2)),
    (tuple[int, str], [1, "x"], (1, "x")),
    (dict, {"a": 1}, {"a": 1}),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    (int | str, "x", "x"),
    (int | None, None, None),
    (Optional[list[int]], [1], [1]),  # noqa: UP045
    (float | int, 1, 1),
    (Literal["a", 1], "a", "a"),
    (Colour, "red", Colour.RED),
    (Colour, 2, Colour.BLUE),
    (datetime.datetime, NOW, NOW),
    (datetime.datetime, "2030-01-02T03:04:05+00:00", NOW),
    (Annotated[int, "of things"], 1, 1),
    (Point, {"x": 1}, Point(1)),
    (Point, {"x": 1, "y": 2, "next": {"x": 3}}, Point(1, 2.0, [], Point(3))),
    (Point, Point(1), Point(1)),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), FITS, ids=lambda each: repr(each)[:40])
def test_what_fits(annotation: Any, value: Any, expected: Any) -> None:
    found = kind_of(annotation).check(value)
    assert found == expected and type(found) is type(expected)


REFUSED: list[tuple[Any, Any, str]] = [
    (int, True, "expected int, got bool True"),
    (int, 1.0, "expected int, got float 1.0"),
    (int, "1", "expected int, got str '1'"),
    (bool, 1, "expected bool"),
    (float, True, "expected float"),
    (float, 10**400, "expected float"),
    (str, b"x", "expected str"),
    (bytes, "x", "expected bytes"),
    (None, 0, "expected None"),
    (list[int], "12", r"expected list\[int\]"),
    (list[int], [1, "x"], "item 1: expected int"),
    (list[list[int]], [[1], [None]], "item 1: item 0: expected int"),
    (set[list[int]], [[1]], "expected set"),
    (tuple[int, str], [1], r"expected tuple\[int, str\]"),
    (dict[str, int], [1], "expected dict"),
    (dict[str, int], {1: 1}, "expected dict"),
    (dict[str, int], {"a": "x"}, "'a': expected int"),
    (int | None, "x", r"expected int \| None"),
    (bool | str, 1, r"expected bool \| str"),
    (Literal["a", 1], True, "expected one of 'a', 1"),
    (Colour, "green", "expected one of 'red', 2"),
    (datetime.datetime, "yesterday", "expected datetime"),
    (Point, [1], "expected a map of the fields of Point"),
    (Point, {}, "Point needs x"),
    (Point, {"x": 1, "z": 2}, "Point has no field 'z'"),
    (Point, {"x": 1, "next": {"x": "y"}}, "'next': expected Point"),
    (str, 10**100, r"got int 1000.*\.\.\."),
]


@pytest.mark.parametrize(("annotation", "value", "text"), REFUSED, ids=lambda each: repr(each)[:40])
def test_what_does_not_fit(annotation: Any, value: Any, text: str) -> None:
    with pytest.raises(Mismatch, match=text):
        kind_of(annotation).check(value)


@pytest.mark.parametrize("annotation", [complex, type, dict[int, str], list[complex], int | complex, "int"])
def test_what_cannot_be_checked_is_refused_at_once(annotation: Any) -> None:
    with pytest.raises(ConfigError, match="annotation"):
        kind_of(annotation)


@pytest.mark.parametrize(
    ("annotation", "exact"),
    [
        (int, int),
        (Any, object),
        (list, list),
        (list[int], None),
        (Colour, None),
        (int | None, None),
        (Any | None, object),
    ],
)
def test_exact_types_need_no_check(annotation: Any, exact: Any) -> None:
    assert kind_of(annotation).exact is exact


def test_types_of_xml_rpc() -> None:
    assert kind_of(int | str | None).xml == ("int", "string", "nil")
    assert kind_of(Literal[1, "a"]).xml == ("int", "string")
    assert kind_of(Point).xml == ("struct",) and kind_of(list[int]).xml == ("array",)
