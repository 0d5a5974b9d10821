"""The types that users see are those that are meant, and mistakes are found."""

import subprocess
import sys
from pathlib import Path

import pytest

import fastnet

HERE = Path(__file__).parent
SRC = Path(fastnet.__file__).parents[1]
MISTAKES = """\
from fastnet.codecs.http1 import parse_request

parse_request("GET / HTTP/1.1")
parse_request(b"").method
"""


def mypy(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={path.parent / '.mypy_cache'}"]
    return subprocess.run([*command, str(path)], cwd=SRC, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["embedding.py", "framing.py"])
def test_types_are_those_that_are_meant(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    copy.write_text((HERE / name).read_text())
    run = mypy(copy)
    assert run.returncode == 0, run.stdout + run.stderr


def test_mistakes_are_found(tmp_path: Path) -> None:
    path = tmp_path / "mistakes.py"
    path.write_text(MISTAKES)
    run = mypy(path)
    assert run.returncode == 1
    assert 'incompatible type "str"' in run.stdout
    assert 'Item "None" of "Request | None" has no attribute "method"' in run.stdout
