"""The public door: every name, and the command."""

import doctest
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import fastnet.checksum
import fastnet.codecs.checksum


def run(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "fastnet.checksum", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True)


def test_every_name_is_the_codecs() -> None:
    public = {name for name in dir(fastnet.codecs.checksum) if not name.startswith("_")} - {"cython"}
    assert public == set(fastnet.checksum.__all__)
    for name in public:
        assert getattr(fastnet.checksum, name) is getattr(fastnet.codecs.checksum, name)


def test_files(tmp_path: Path) -> None:
    large = bytes(range(256)) * 4000
    (tmp_path / "a").write_bytes(b"123456789")
    (tmp_path / "b c").write_bytes(large)
    done = run("a", "b c", cwd=tmp_path)
    assert done.stdout.decode() == f"cbf43926  a\n{zlib.crc32(large):08x}  b c\n"
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("option", ["-a", "--algorithm"])
def test_algorithm_and_standard_input(option: str, tmp_path: Path) -> None:
    assert run(option, "crc64-xz", "-", cwd=tmp_path, stdin=b"123456789").stdout == b"995dc9bbdf1939fa  -\n"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123456789")
    done = run("none", "a", cwd=tmp_path)
    assert done.stdout == b"cbf43926  a\n"
    assert done.stderr == b"fastnet: none: No such file or directory\n"
    assert done.returncode == 1


WRONG = [(["-a", "md5", "a"], b"'md5'"), ([], b"FILE"), (["--what", "a"], b"--what")]


@pytest.mark.parametrize("arguments, named", WRONG)
def test_wrong_options_are_one_line(arguments: list[str], named: bytes, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"fastnet: ")
    assert done.stderr.count(b"\n") == 1
    assert named in done.stderr


def test_the_examples_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "checksum.md").read_text()
    examples = "".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert examples.count(">>> ") > 10
    test = doctest.DocTestParser().get_doctest(examples, {}, "checksum.md", "checksum.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
