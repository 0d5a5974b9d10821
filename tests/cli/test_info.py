import platform
from pathlib import Path

from fastnet import __version__
from fastnet.cli.info import facts
from fastnet.codecs.http1 import cpu
from tests.servers.serving import run_to_end


def test_the_facts_are_those_of_this_machine() -> None:
    found = dict(facts())
    assert found["fastnet"] == __version__
    assert platform.python_version() in found["python"]
    assert found["cpu"].startswith(cpu()["used"])
    assert "uvloop" in found["loop"]


def test_info_prints_each_fact_on_a_line(tmp_path: Path) -> None:
    run = run_to_end("info", cwd=tmp_path)
    assert run.returncode == 0
    assert [line.split()[0] for line in run.stdout.splitlines()] == [name for name, _ in facts()]
