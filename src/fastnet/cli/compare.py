"""The command `fastnet compare`. Its options are the fields of bench.compare.Options, and where to put the results.

Exit status: 0; 1 when a target does not load or a contender failed (the others' results are still shown and written);
2 for a wrong option; 130 after an interrupt, which keeps what was measured.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Any

import click

from fastnet.cli.files import check_writable, write
from fastnet.errors import ConfigError


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--against", default="", metavar="PEER,...", help="Beside these servers; `--against list` names them.")
@click.option("--models", metavar="MODEL,...", help="[prefork,threaded,async]")
@click.option("--architectures", default="", metavar="NAME,...", help="Also these; `--architectures list` names them.")
@click.option("--python", "pythons", default="", metavar="FILE,...", help="The models under these interpreters, too.")
@click.option("--workers", default="", metavar="N,...", help="Numbers to try. [1, and the cores for servers]")
@click.option("--threads", default="", metavar="N,...", help="Numbers to try, where there are threads. [its own]")
@click.option("--path", metavar="PATH", help="To ask for. [/]")
@click.option("--app-dir", metavar="DIR", help="To import TARGET from, before the current one.")
@click.option("--rounds", metavar="N", help="Fresh servers of each contender. [5, quick 3]")
@click.option("--step", metavar="S", help="How long each load lasts. [1; quick: less]")
@click.option("--no-scenarios", is_flag=True, help="Only loads, nothing that goes wrong.")
@click.option("--quick", is_flag=True, help="All in 40 s: fewer loads, each of them short.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page there.")
@click.option("--json", "json_file", metavar="FILE", help="Write everything there (docs/compare.md).")
@click.option("--csv", "csv_file", metavar="FILE", help="Write all figures there, one a row.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but errors.")
def compare(**given: Any) -> int:
    """Find out which server model suits an application.

    Serves each TARGET, MODULE:ATTRIBUTE, under every model, and beside peers, and measures all of them side by side.
    """
    from fastnet.bench.compare import Options
    from fastnet.bench.compare import compare as run
    from fastnet.bench.contenders import PEERS
    from fastnet.cli import compare_text as text
    from fastnet.servers.architectures import ARCHITECTURES

    if given["against"] == "list":
        for name, peer in PEERS.items():
            click.echo(f"{name:<18}{' and '.join(i.upper() for i in peer.interfaces)}")
        return 0
    if given["architectures"] == "list":
        for name, settings in ARCHITECTURES.items():
            click.echo(f"{name:<23}{' '.join(f'--{key} {value}' for key, value in settings.items()).replace('_', '-')}")
        return 0
    html_file, json_file, csv_file, quiet = (
        given.pop(name) for name in ("html_file", "json_file", "csv_file", "quiet")
    )
    options = Options(command=shlex.join(["fastnet", *sys.argv[1:]]), **_values(given))
    check_writable("html", html_file)
    check_writable("json", json_file)
    check_writable("csv", csv_file)
    found = run(options, _live(quiet))
    if _shows(quiet):
        click.echo("\r\x1b[K", err=True, nl=False)
    if json_file:
        write(json_file, found.to_json() + "\n", "w")
    if html_file:
        from fastnet.bench.report import report

        write(html_file, report(found), "w")
    if csv_file:
        write(csv_file, text.csv_text(found), "w")
    if not quiet:
        for line in text.summary(found):
            click.echo(line)
        for path in filter(None, (html_file, json_file, csv_file)):
            click.echo(f"written    {path}")
    if found.ended_early:
        return 130
    failed = [a for a in found.absent if a.is_failure]
    for one in failed:
        click.echo(f"fastnet: {one.name} failed: {one.reason}", err=True)
    return 1 if failed else 0


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of Options for the options that were given."""
    values: dict[str, Any] = {"targets": given["targets"], "quick": given["quick"]}
    values["scenarios"] = not given["no_scenarios"]
    values["against"] = _names(given["against"])
    values["architectures"] = _names(given["architectures"])
    values["pythons"] = _names(given["pythons"])
    if given["models"] is not None:
        values["models"] = _names(given["models"])
    for name in ("workers", "threads"):
        values[name] = tuple(_number(name, word, int, "whole numbers, as 1,2,4") for word in _names(given[name]))
    for name in ("path", "app_dir"):
        if given[name] is not None:
            values[name] = given[name]
    if given["rounds"] is not None:
        values["rounds"] = _number("rounds", given["rounds"], int, "a whole number")
    if given["step"] is not None:
        values["step_s"] = _number("step", given["step"], float, "a number of seconds")
    return values


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def _number(option: str, text: str, kind: type, expected: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(option, text, expected) from None


def _shows(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()


def _live(quiet: bool) -> Callable[[str], None]:
    """A line that says what is being measured, where somebody may watch."""
    if not _shows(quiet):
        return lambda text: None
    return lambda text: click.echo(f"\r\x1b[K{text[:100]}", err=True, nl=False)
