"""Errors are found where programs for msgpack-python look for them."""

import msgpack.exceptions as theirs

import fastnet.msgpack
from fastnet.msgpack import exceptions


def test_every_name() -> None:
    names = [name for name in dir(theirs) if isinstance(getattr(theirs, name), type)]
    for name in names:
        assert getattr(exceptions, name) is getattr(fastnet.msgpack, name), name
    assert {"ExtraData", "OutOfData"} <= set(names)
