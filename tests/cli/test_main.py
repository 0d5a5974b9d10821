import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastnet import __version__
from fastnet.servers.config import Config, Option, options
from tests.servers.serving import Server, run_to_end

OPTIONS = dict(options())
APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [environ["SCRIPT_NAME"].encode()]
def make():
    return app
"""


def spelling(name: str) -> str:
    return "--" + name.replace("_", "-")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site_cli.py").write_text(APP)
    return tmp_path


def refused(cwd: Path, *arguments: str) -> str:
    """The one line that says why."""
    run = run_to_end(*arguments, cwd=cwd)
    assert (run.returncode, run.stdout) == (2, "")
    (line,) = run.stderr.splitlines()
    assert line.startswith("fastnet: ")
    return line


def test_version(tmp_path: Path) -> None:
    assert run_to_end("--version", cwd=tmp_path).stdout == f"fastnet {__version__}\n"


def test_every_option_is_in_the_help_with_its_default(tmp_path: Path) -> None:
    text = " ".join(run_to_end("serve", "--help", cwd=tmp_path).stdout.split())
    for name, option in OPTIONS.items():
        assert spelling(name) + " " in text
        default = Config.__dataclass_fields__[name].default
        if option.kind in (int, float) and default:
            assert f"[{default:g}" in text or f"[{default}" in text
        for word in option.choices:
            assert word in text


NUMBERS = [(name, option) for name, option in OPTIONS.items() if option.kind in (int, float)]


@pytest.mark.parametrize(("name", "option"), NUMBERS[:3] + NUMBERS[-3:])
@pytest.mark.parametrize("value", ["x", "", "-1", "1e99"])
def test_a_wrong_number_names_option_value_and_what_would_be_right(
    tmp_path: Path, name: str, option: Option, value: str
) -> None:
    line = refused(tmp_path, "serve", "site:app", f"{spelling(name)}={value}")
    assert line.startswith(f"fastnet: {spelling(name)}: ") and line.endswith(f"expected {option.expected()}")
    assert value.partition("e")[0] in line


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["serve", "site"], r"TARGET: 'site' given, expected MODULE:ATTRIBUTE.*"),
        (["serve"], r".*[Mm]issing.*MODULE:ATTRIBUTE.*"),
        (["serve", "a:b", "c:d"], r".*c:d.*"),
        (["serve", "a:b", "--model", "x"], r"--model: 'x' given, expected one of prefork, threaded, async"),
        (["serve", "a:b", "--bind", "x"], r"--bind: 'x' given, expected HOST:PORT.*"),
        (["serve", "a:b", "--bind", "unix:x", "--bind", ""], r"--bind: '' given, expected HOST:PORT.*"),
        (["serve", "a:b", "--no-such"], r".*--no-such.*"),
        (["serve", "a:b", "--factory=x"], r".*--factory.*"),
        (["serve", "a:b", "--workers"], r".*--workers.*"),
        (["nope"], r".*nope.*"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(tmp_path: Path, arguments: list[str], pattern: str) -> None:
    assert re.fullmatch("fastnet: " + pattern, refused(tmp_path, *arguments))


def test_options_reach_the_server(site: Path) -> None:
    options = ["--factory", "--root-path", "/mounted", "--log-level", "debug", "--workers", "1", "--app-dir", str(site)]
    with Server("site_cli:make", *options, cwd=site.parent) as server:
        assert server.get("/mounted/x") == b"/mounted"
        server.wait_for_log(" DEBUG ")


def test_without_a_command_it_shows_help_and_status_2(tmp_path: Path) -> None:
    run = run_to_end(cwd=tmp_path)
    assert run.returncode == 2
    assert "serve" in run.stdout + run.stderr and "info" in run.stdout + run.stderr


@pytest.mark.parametrize(
    "module", ["fastnet", "fastnet.servers", "fastnet.servers.config", "fastnet.servers.supervisor"]
)
def test_click_and_the_loops_are_imported_only_when_needed(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{'click', 'uvloop', 'asyncio'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"
