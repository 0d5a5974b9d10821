"""The kernels from C, and the codecs from Cython, by code that is built outside this tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import fastnet

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


def test_a_cython_package(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(HERE / "package", package)
    run(sys.executable, "setup.py", "build_ext", "--inplace", cwd=package)
    code = "import sys, count_fields; print(count_fields.count_fields(sys.stdin.buffer.read()))"
    assert run(sys.executable, "-c", code, cwd=package, stdin=HEAD) == b"2\n"
    assert run(sys.executable, "-c", code, cwd=package, stdin=HEAD[:20]) == b"-1\n"
    assert run(sys.executable, "-c", code, cwd=package, stdin=HEAD.replace(b"\r\n", b"\n")) == b"-2\n"
