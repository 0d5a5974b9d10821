"""What can be sent besides plain values."""

import enum
from dataclasses import dataclass

import pytest

from fastnet.protocols.rpc_values import plain


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    colour: Colour


def test_values_with_a_plain_form() -> None:
    assert plain(Point(1, Colour.RED)) == {"x": 1, "colour": Colour.RED}
    assert plain(Colour.RED) == "red"
    assert plain({1}) == [1] and plain((1, 2)) == [1, 2]


@pytest.mark.parametrize("value", [object(), Point, 1j])
def test_others_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        plain(value)
