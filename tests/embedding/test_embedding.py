"""The kernels from C, and the codecs from Cython, by code that is built outside this tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastnet
from fastnet.msgpack import packb

HERE = Path(__file__).parent
CSRC = HERE.parents[1] / "csrc"
HEAD = b"GET /a?b HTTP/1.1\r\nHost: example.org\r\nX-Two:  2 \r\n\r\n"


def run(*command: str | Path, cwd: Path, stdin: bytes = b"") -> bytes:
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_a_c_program(tmp_path: Path) -> None:
    sources = sorted([*CSRC.glob("*.c"), *CSRC.glob("simd/*.c")])
    warnings = ["-Wall", "-Wextra", "-Werror"]
    include = f"-I{fastnet.get_include()}"
    run("cc", "-std=c11", "-O1", *warnings, include, HERE / "program.c", *sources, "-o", "program", cwd=tmp_path)
    program = tmp_path / "program"
    assert run(program, cwd=tmp_path, stdin=HEAD) == b"GET /a?b\nHost=example.org\nX-Two=2\n"
    assert run(program, cwd=tmp_path, stdin=HEAD[:-1]) == b"partial\n"
    assert run(program, cwd=tmp_path, stdin=HEAD.replace(b"Host:", b"Host :")).startswith(b"400 ")


def test_the_headers_are_c_plus_plus_too(tmp_path: Path) -> None:
    headers = sorted(Path(fastnet.get_include(), "fastnet").glob("*.h"))
    assert headers
    (tmp_path / "all.cc").write_text("".join(f'#include "fastnet/{h.name}"\n' for h in headers))
    run("c++", "-std=c++17", "-Wall", "-Werror", f"-I{fastnet.get_include()}", "-fsyntax-only", "all.cc", cwd=tmp_path)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Cython package was built."""
    folder = tmp_path_factory.mktemp("embedding") / "package"
    shutil.copytree(HERE / "package", folder)
    run(sys.executable, "setup.py", "build_ext", "--inplace", cwd=folder)
    return folder


def say(package: Path, expression: str, stdin: bytes = b"") -> str:
    """What an expression over the package's modules is."""
    code = f"import sys, fastnet.msgpack, count_fields, messages; data = sys.stdin.buffer.read(); print({expression})"
    return run(sys.executable, "-c", code, cwd=package, stdin=stdin).decode().strip()


def test_http1_from_a_cython_package(package: Path) -> None:
    count = "count_fields.count_fields(data)"
    assert say(package, count, HEAD) == "2"
    assert say(package, count, HEAD[:20]) == "-1"
    assert say(package, count, HEAD.replace(b"\r\n", b"\n")) == "-2"


def test_framing_and_msgpack_from_a_cython_package(package: Path) -> None:
    arguments = [1, 2.5, {"deep": [None, "text"]}]
    bad = [b"\x93\x01\xa1\xff\x90", b"\x93\x01\xa1a\x91", b"\x93\x01\xa5a", b"\xc0", b"\x93\x01\xa1a\x90\x90"]
    frames = [packb([70000, "add", arguments]), *bad, packb([1, "", []])]
    stream = b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames)
    expected = [(70000, b"add", len(packb(arguments))), *[None] * len(bad), (1, b"", 1)]
    assert say(package, "messages.calls(data)", stream + b"\0") == str(expected)
    with pytest.raises(AssertionError, match="ValueError: a frame over the limit"):
        say(package, "messages.calls(data)", b"\x10\x01")


def test_messages_packed_by_a_cython_package(package: Path) -> None:
    value = {"id": 7, "list": [1.5, None, True, "x" * 600, b"bytes", 2**40]}
    assert say(package, "messages.packed(eval(data)).hex()", repr(value).encode()) == packb(value).hex()
    assert say(package, "messages.doubled(data).hex()", packb([1, -70000, 2**30 - 1])) == (
        packb([2, -140000, 2**31 - 2]).hex()
    )
    with pytest.raises(AssertionError, match=r"ValueError: item 1 is no int32"):
        say(package, "messages.doubled(data)", packb([1, 2**31]))


def test_a_framing_of_a_cython_package(package: Path) -> None:
    assert say(package, "messages.Quads().decoder().feed(data)", b"abcdefghi") == "[b'abcd', b'efgh']"
