"""The floors of docs/design.md hold: imports run down, no circles, no I/O below the servers, no Python in csrc."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
PACKAGE = SRC / "fastnet"

# From the lowest up. A floor imports only itself and what is below; floors of one number do not know each other.
FLOORS = {"codecs": 1, "protocols": 2, "compat": 2, "apps": 3, "servers": 4, "clients": 5, "bench": 6, "cli": 7}
# What everybody may import: it imports nothing itself.
GROUND = {"fastnet.errors", "fastnet._version"}
# The public faces and the command's door stand above all floors.
ROOF = {"fastnet", "fastnet.__main__", "fastnet.checksum", "fastnet.framing", "fastnet.json"}
ROOF |= {"fastnet.gunicorn", "fastnet.rpc", "fastnet.udp", "fastnet.msgpack", "fastnet.testing"}
ROOF |= {"fastnet.msgpack.exceptions", "fastnet.msgpack.ext"}
NO_IO = {"socket", "asyncio", "threading", "ssl", "time", "selectors", "uvloop", "select", "subprocess", "signal"}
# C headers by which the same could come in through Cython.
NO_IO_C = re.compile(
    r"posix\.(?:time|select|unistd|fcntl)|libc\.time|(?:sys/socket|sys/epoll|pthread|time|unistd|poll)\.h"
)
MOST_LINES = 500

SOURCES = sorted(p for p in PACKAGE.rglob("*") if p.suffix in {".py", ".pyx", ".pxd", ".pyi"})
MODULES = sorted(p for p in SOURCES if p.suffix in {".py", ".pyx"})
CIMPORT = re.compile(r"^\s*from\s+([\w.]+)\s+c?import\s+([^#]+)|^\s*c?import\s+([\w., ]+)", re.MULTILINE)


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_imports(path: Path, lazy: bool) -> Iterator[str]:
    """Modules that a .py or .pyi names; with `lazy`, those inside functions too."""
    tree = ast.parse(path.read_text())
    package = module_name(path) if path.stem == "__init__" else module_name(path).rpartition(".")[0]
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not lazy:
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not lazy:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                outer = package.split(".")
                base = ".".join([*outer[: len(outer) - node.level + 1], *filter(None, [base])])
            yield from (known(base, alias.name) for alias in node.names)
        nodes.extend(ast.iter_child_nodes(node))


def cython_imports(path: Path) -> Iterator[str]:
    text = re.sub(r"\(\s*([^)]*)\)", lambda m: m[0].replace("\n", " "), path.read_text())
    text = re.sub(r'"""(.|\n)*?"""', "", text)
    for base, names, plain in CIMPORT.findall(text):
        if base:
            yield from (known(base, name.split(" as ")[0].strip(" ()")) for name in names.split(",") if name.strip())
        else:
            yield from (name.split(" as ")[0].strip() for name in plain.split(","))


def known(base: str, name: str) -> str:
    """`from base import name`: the module base.name where there is one, else base."""
    path = SRC.joinpath(*base.split("."), name)
    return f"{base}.{name}" if base and any(path.with_suffix(s).exists() for s in (".py", ".pyx", ".pxd")) else base


def imports(path: Path, lazy: bool = True) -> set[str]:
    found = python_imports(path, lazy) if path.suffix in {".py", ".pyi"} else cython_imports(path)
    return {name for name in found if name != module_name(path)}


def floor(module: str) -> int:
    return FLOORS[module.split(".")[1]]


def test_the_tree_is_there() -> None:
    assert len(MODULES) > 5
    assert {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()} <= {*FLOORS, "msgpack"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(SRC)))
def test_imports_run_down(path: Path) -> None:
    module = module_name(path)
    if module in ROOF:
        return
    inside = {name for name in imports(path) if name.split(".")[0] == "fastnet"}
    if module in GROUND:
        assert not inside
        return
    for name in inside - GROUND:
        assert name not in ROOF, f"{module} imports the roof, {name}: import what it names from its own module"
        same_room = name.split(".")[1] == module.split(".")[1]
        assert same_room or floor(name) < floor(module), f"{module} imports {name}, which is not below it"


def test_no_circles() -> None:
    """Imports as they run when a module loads, and cimports; an import inside a function is not one of them."""
    graph: dict[str, set[str]] = {}
    for path in SOURCES:
        if path.suffix != ".pyi":
            inside = {name for name in imports(path, lazy=False) if name.split(".")[0] == "fastnet"}
            graph.setdefault(module_name(path), set()).update(inside)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if p.relative_to(PACKAGE).parts[0] in {"codecs", "protocols"}],
    ids=lambda p: str(p.relative_to(SRC)),
)
def test_codecs_and_protocols_do_no_io(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & NO_IO
    if path.suffix in {".pyx", ".pxd"}:
        assert not NO_IO_C.findall(path.read_text())


def test_kernels_know_no_python_and_allocate_nothing() -> None:
    sources = [p for folder in (ROOT / "csrc", ROOT / "csrc" / "include" / "fastnet") for p in folder.glob("*.[ch]")]
    assert sources
    for path in sources:
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
        assert "Python.h" not in text, path.name
        assert not re.search(r"\b(malloc|calloc|realloc|free|alloca)\s*\(", text), path.name


def code_files() -> list[Path]:
    """Everything that people write. An sdist has no git to ask, so what is made rather than written is named."""
    skip = {"build", ".venv", ".git", "dist", "__pycache__", "corpus"}
    names = ("src", "csrc", "tests", "benchmarks", "examples", ".ci", "setup.py", "Makefile")
    tops = [ROOT / name for name in names]
    files = [f for top in tops for f in (top.rglob("*") if top.is_dir() else [top])]
    kinds = {".py", ".pyx", ".pxd", ".pyi", ".c", ".h", ""}
    return [f for f in files if f.is_file() and f.suffix in kinds and not skip & set(f.relative_to(ROOT).parts)]


def test_files_stay_small() -> None:
    lines = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in code_files()}
    long = {name: n for name, n in lines.items() if n > MOST_LINES}
    assert not long, f"over {MOST_LINES} lines; look for the second idea inside: {long}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SRC)))
def test_every_source_has_its_test_file(path: Path) -> None:
    only_documents = path.suffix == ".py" and all(isinstance(n, ast.Expr) for n in ast.parse(path.read_text()).body)
    if only_documents or module_name(path) == "fastnet._version":
        return
    inside = path.relative_to(PACKAGE)
    name = inside.parent.name or "fastnet" if path.stem == "__init__" else path.stem.strip("_")
    expected = ROOT / "tests" / inside.parent / f"test_{name}.py"
    assert expected.exists(), f"{inside} has no {expected.relative_to(ROOT)}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".pyx"], ids=lambda p: str(p.relative_to(SRC)))
def test_compiled_modules_have_stubs_and_no_directives_of_their_own(path: Path) -> None:
    text = path.read_text()
    public = path.relative_to(PACKAGE).parts[0] in {"codecs", "protocols"}  # above, mypy asks for those that are used
    assert not public or path.with_suffix(".pyi").exists(), f"{path.name} has no .pyi"
    assert not re.search(r"^#\s*cython:", text, re.MULTILINE), "directives stand in setup.py"
    declared = path.with_suffix(".pxd")
    declarations = text + (declared.read_text() if declared.exists() else "")
    assert not re.search(r"^cpdef\s+enum", declarations, re.MULTILINE), "its class is shared by interpreters"
    assert not re.search(r"^cdef\s+(object|dict|list|set|bytes|str)\s+\w+\s*(=|$)", text, re.MULTILINE), (
        "module-level objects are shared by threads and interpreters"
    )
