"""The public door: every name of msgpack-python's, its documentation's examples with the import changed, our page."""

import array
import datetime
import doctest
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack as peer
import pytest

import fastnet.msgpack as msgpack


def test_every_public_name_of_msgpack_python() -> None:
    theirs = {name for name in dir(peer) if not name.startswith("_")} - {"fallback", "os"}
    assert theirs <= set(dir(msgpack))
    assert msgpack.version == peer.version
    assert set(msgpack.__all__) <= set(dir(msgpack))


def test_nothing_optional_is_imported() -> None:
    code = "import sys, fastnet.msgpack; print([n for n in sys.modules if n.split('.')[0] in ('msgpack', 'numpy')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_file_of_one_object() -> None:
    for write, read in ((msgpack.pack, msgpack.unpack), (msgpack.dump, msgpack.load)):
        file = io.BytesIO()
        write({"a": [1]}, file, use_bin_type=False)
        file.seek(0)
        assert read(file, use_list=False) == {"a": (1,)}
    assert msgpack.loads(msgpack.dumps([1])) == [1]


# The uses that msgpack-python's documentation shows.


def test_a_stream_of_a_hundred_numbers() -> None:
    file = io.BytesIO()
    for number in range(100):
        file.write(msgpack.packb(number))
    file.seek(0)
    assert list(msgpack.Unpacker(file)) == list(range(100))


def test_datetimes_by_hooks() -> None:
    original = {"id": 1, "created": datetime.datetime(2030, 1, 2, 3, 4, 5, 678)}

    def encode(value: Any) -> Any:
        if isinstance(value, datetime.datetime):
            return {"__datetime__": True, "as_str": value.isoformat()}
        return value

    def decode(value: dict[str, Any]) -> Any:
        return datetime.datetime.fromisoformat(value["as_str"]) if "__datetime__" in value else value

    assert msgpack.unpackb(msgpack.packb(original, default=encode), object_hook=decode) == original


def test_arrays_by_ext_types() -> None:
    def default(value: Any) -> msgpack.ExtType:
        if isinstance(value, array.array) and value.typecode == "d":
            return msgpack.ExtType(42, value.tobytes())
        raise TypeError(f"unknown type: {value!r}")

    def ext_hook(code: int, data: bytes) -> Any:
        return array.array("d", data) if code == 42 else msgpack.ExtType(code, data)

    numbers = array.array("d", [1.2, 3.4])
    assert msgpack.unpackb(msgpack.packb(numbers, default=default), ext_hook=ext_hook) == numbers
    with pytest.raises(TypeError, match="unknown type"):
        msgpack.packb(object(), default=default)


def test_the_old_specification() -> None:
    assert msgpack.unpackb(msgpack.packb([b"spam", "eggs"], use_bin_type=False), raw=True) == [b"spam", b"eggs"]
    assert msgpack.unpackb(msgpack.packb([b"spam", "eggs"], use_bin_type=True), raw=False) == [b"spam", "eggs"]


def test_ext_type() -> None:
    assert repr(msgpack.unpackb(msgpack.packb(msgpack.ExtType(42, b"xyzzy")))) == "ExtType(code=42, data=b'xyzzy')"


def test_a_socket_loop() -> None:
    chunks, found = [b"\x92\x01", b"\xa3a", b"bc\x05\x93"], []
    unpacker = msgpack.Unpacker()
    while chunks:
        unpacker.feed(chunks.pop(0))
        found.extend(unpacker)
    assert found == [[1, "abc"], 5]


def test_packing_in_parts() -> None:
    packer = msgpack.Packer(autoreset=False)
    packer.pack_array_header(3)
    for number in range(3):
        packer.pack(number)
    assert packer.bytes() == msgpack.packb([0, 1, 2])
    packer.reset()
    assert packer.bytes() == b""


def test_the_examples_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "msgpack.md").read_text()
    examples = "".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert examples.count(">>> ") > 15
    test = doctest.DocTestParser().get_doctest(examples, {}, "msgpack.md", "msgpack.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
