"""The programs of docs/embedding.md, built outside this tree and run: all print the same."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastnet
from fastnet.checksum import crc32c

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedding.md").read_text()
PROGRAMS: dict[str, str] = dict(re.findall(r"^```(c|c\+\+|cython|python)\n(.*?)^```$", PAGE, re.M | re.S))
INPUT = b"hello\n\n" + b"x" * 900 + b"\nan end that never"
EXPECTED = "".join(f"{len(line)} {crc32c(line):08x}\n" for line in INPUT.split(b"\n")[:-1]).encode()


def run(*command: str | Path, cwd: Path, stdin: bytes = b"", **environment: str) -> bytes:
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, env={**os.environ, **environment})
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `make install` put the library."""
    folder = tmp_path_factory.mktemp("library")
    run(
        *("make", "-C", ROOT / "csrc", "install", f"BUILD={folder / 'build'}", f"PREFIX={folder / 'prefix'}"),
        *("CFLAGS=-O1", "DESTDIR="),
        cwd=folder,
    )
    return folder / "prefix"


@pytest.mark.parametrize(("language", "compiler", "name"), [("c", "cc", "program.c"), ("c++", "c++", "program.cc")])
@pytest.mark.parametrize("library", ["shared", "static"])
def test_a_program_with_the_library(
    prefix: Path, tmp_path: Path, language: str, compiler: str, name: str, library: str
) -> None:
    (tmp_path / name).write_text(PROGRAMS[language])
    flags = run(
        *("pkg-config", "--cflags", "--libs", "fastnet"), cwd=tmp_path, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig")
    )
    link = flags.decode().split()
    if library == "static":
        link[link.index("-lfastnet")] = str(prefix / "lib/libfastnet.a")
    run(compiler, "-Wall", "-Wextra", "-Werror", "-O1", name, *link, "-o", "program", cwd=tmp_path)
    assert run(tmp_path / "program", cwd=tmp_path, stdin=INPUT, LD_LIBRARY_PATH=str(prefix / "lib")) == EXPECTED


def test_a_cython_module(tmp_path: Path) -> None:
    (tmp_path / "lines.pyx").write_text(PROGRAMS["cython"])
    (tmp_path / "setup.py").write_text(
        "import fastnet\nfrom Cython.Build import cythonize\nfrom setuptools import Extension, setup\n"
        'setup(name="lines", ext_modules=cythonize([Extension("lines", ["lines.pyx"], '
        'include_dirs=[fastnet.get_include()])], compiler_directives={"language_level": 3}))\n'
    )
    paths = os.pathsep.join([str(Path(fastnet.__file__).parents[1]), *filter(None, sys.path)])
    run(sys.executable, "setup.py", "build_ext", "--inplace", cwd=tmp_path, PYTHONPATH=paths)
    code = "import sys, lines\nfor n, crc in lines.sums(sys.stdin.buffer.read()): print(n, f'{crc:08x}')"
    assert run(sys.executable, "-c", code, cwd=tmp_path, stdin=INPUT, PYTHONPATH=paths) == EXPECTED


def test_a_python_program(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(fastnet.__file__).parents[1]), *filter(None, sys.path)])
    assert run(sys.executable, "-c", PROGRAMS["python"], cwd=tmp_path, stdin=INPUT, PYTHONPATH=paths) == EXPECTED
