"""Extension types are found where programs for msgpack-python look for them."""

import fastnet.msgpack
from fastnet.msgpack.ext import ExtType, Timestamp


def test_they_are_the_same() -> None:
    assert ExtType is fastnet.msgpack.ExtType
    assert Timestamp is fastnet.msgpack.Timestamp
