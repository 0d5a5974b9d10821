import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastnet

ROOT = Path(__file__).resolve().parents[1]
THIRD_PARTY_BY_IMPORT = """
import importlib, pkgutil, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - sys.stdlib_module_names - {"fastnet"}))
"""


def modules_below_the_servers() -> list[str]:
    package = Path(fastnet.__file__).parent
    found = {
        f"fastnet.{path.parent.name}.{path.name.partition('.')[0]}"
        for floor in ("codecs", "protocols")
        for path in (package / floor).iterdir()
        if path.suffix in {".py", ".so"} and path.stem != "__init__"
    }
    return ["fastnet", *sorted(found)]


@pytest.mark.parametrize("module", modules_below_the_servers())
def test_importing_it_imports_no_dependency(module: str) -> None:
    command = [sys.executable, "-c", THIRD_PARTY_BY_IMPORT, module]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    # Cython's modules register modules of their own, for their own use.
    assert [name for name in run.stdout.split() if not re.match(r"_?cython_", name)] == []


def test_every_public_name_is_there() -> None:
    for name in fastnet.__all__:
        assert getattr(fastnet, name) is not None


def test_get_include_holds_the_kernels_headers() -> None:
    headers = Path(fastnet.get_include(), "fastnet")
    assert {"base.h", "http1.h"} <= {p.name for p in headers.iterdir()}


def test_the_distribution_is_not_called_by_the_name_of_another_project() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*")]
    for path in files:
        if path.is_file():
            assert "pip install fastnet " not in path.read_text().replace("\n", " "), path
