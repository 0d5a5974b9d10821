"""The command `fastnet bench`. Its options are the fields of bench.Spec, and where to put the results.

Exit status: 0; 1 when any request failed, or the server went away (results are still shown and written); 2 for a wrong
option; 130 after an interrupt, which keeps what was measured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from fastnet.cli.files import check_writable, write
from fastnet.errors import ConfigError, ProtocolError

# Fields of Spec whose options have other names.
NAMES = {
    "duration_s": "duration",
    "warmup_s": "warmup",
    "timeout_s": "timeout",
    "slow_interval_s": "slow_interval",
    "random_bytes": "random",
    "weights": "weight",
    "headers": "header",
    "cores": "core",
}
FIELDS = {option: field for field, option in NAMES.items()}


def _number(context: click.Context, parameter: click.Parameter, value: str | None) -> int | float | None:
    """Numbers are read here, so that whatever is no number is said in the words of all other options."""
    if value is None:
        return None
    kind: type[int] | type[float] = int if parameter.name in INTEGERS else float
    try:
        return kind(value)
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise ConfigError(str(parameter.name), value, expected) from None


INTEGERS = {"connections", "threads", "requests", "pipeline", "random", "seed", "expect_status", "expect_length"} | {
    *("idle", "slow_send", "slow_read", "never_read")
}


def _number_option(*names: str, help: str, metavar: str = "N") -> Callable[[Callable[..., int]], Callable[..., int]]:
    return click.option(*names, callback=_number, type=str, metavar=metavar, help=help)


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@_number_option("-c", "--connections", help="Connections of all threads. [64]")
@_number_option("-t", "--threads", help="Threads of the generator. [1]")
@_number_option("-d", "--duration", metavar="S", help="How long to send. [10]")
@_number_option("-n", "--requests", help="Send exactly so many instead.")
@_number_option("--pipeline", help="Unanswered requests of a connection. [1]")
@_number_option("--rate", metavar="R", help="Open loop: requests due a second, timed from when they are due.")
@click.option("--arrivals", type=str, metavar="constant|poisson", help="When they are due. [constant]")
@_number_option("--warmup", metavar="S", help="Send for so long before anything is measured. [0]")
@_number_option("--timeout", metavar="S", help="For an answer, or a connection. [10]")
@click.option("-X", "--method", help="[GET; POST with a body]")
@click.option("-H", "--header", multiple=True, metavar="'NAME: VALUE'", help="Any number of them.")
@click.option("--body", help="Text to send with each request.")
@click.option("--body-file", metavar="FILE", help="The same from a file.")
@_number_option("--random", metavar="BYTES", help="Random data behind the body, other in each request.")
@_number_option("--seed", help="Of random data, URLs and times. [1]")
@click.option("--weight", multiple=True, type=float, metavar="W", help="One for each URL: how often it is chosen.")
@click.option("--connect-per-request", is_flag=True, help="A connection for each request.")
@click.option("--unix-socket", metavar="PATH", help="Connect there; the URL gives the rest.")
@click.option("-k", "--insecure", is_flag=True, help="Do not verify certificates.")
@click.option("--ca-file", metavar="FILE", help="Certificates to trust instead of the system's.")
@_number_option("--expect-status", help="Anything else is an error. [200 to 399]")
@_number_option("--expect-length", metavar="BYTES", help="Of each answer's body.")
@click.option("--expect-digest", metavar="HEX|echo", help="CRC-32C of each answer's body; echo: of what was sent.")
@click.option("--core", multiple=True, type=int, metavar="N", help="Pin the threads to these, in turn.")
@_number_option("--idle", help="Beside the load: clients that send nothing.")
@_number_option("--slow-send", help="Clients that send a head byte by byte, without end.")
@_number_option("--slow-read", help="Clients that ask without end and read 64 bytes at a time.")
@_number_option("--never-read", help="Clients that ask without end and read nothing.")
@_number_option("--slow-interval", metavar="S", help="How long these pause. [0.1]")
@click.option("--allow-errors", is_flag=True, help="Exit with 0 even if requests failed.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page there.")
@click.option("--json", "json_file", metavar="FILE", help="Write the whole result there (docs/bench.md).")
@click.option("--csv", "csv_file", metavar="FILE", help="Append a row there.")
@click.option("--compare", metavar="FILE", help="Show the change since that JSON was written.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but errors.")
def bench(**given: Any) -> int:
    """Load a server, and measure it.

    Schemes: http, https; tcp, tls, framed and udp echo (framed: four bytes of length, big-endian). Times in seconds.
    """
    try:
        return _bench(given)
    except ConfigError as error:
        raise ConfigError(NAMES.get(error.option, error.option), error.value, error.expected) from None


def _bench(given: dict[str, Any]) -> int:
    from fastnet.bench.result import Result
    from fastnet.bench.run import run
    from fastnet.bench.spec import Spec
    from fastnet.cli import bench_text as text

    html_file, json_file, csv_file, compare = (
        given.pop(name) for name in ("html_file", "json_file", "csv_file", "compare")
    )
    quiet, allow_errors = given.pop("quiet"), given.pop("allow_errors")
    spec = Spec(**_values(given))
    old = None
    if compare:
        try:
            old = Result.from_json(_read("compare", compare).decode("utf-8", "replace"))
        except ProtocolError as error:
            raise ConfigError("compare", compare, f"a file written by --json ({error})") from None
    check_writable("html", html_file)
    check_writable("json", json_file)
    _check_csv(csv_file)
    with ExitStack() as stack:
        result = run(spec, None if quiet else _live_line(stack))
    if not quiet:
        for line in text.summary(result):
            click.echo(line)
        if old:
            from fastnet.bench.change import changes

            for line in text.change_lines(changes(old, result), compare):
                click.echo(line)
    if json_file:
        write(json_file, result.to_json() + "\n", "w")
    if html_file:
        from fastnet.bench.run_report import run_report

        write(html_file, run_report(result), "w")
    if csv_file:
        new = not Path(csv_file).exists() or not Path(csv_file).stat().st_size
        write(csv_file, text.csv_text(text.csv_row(result), new), "a")
    if result.ended_early == "interrupted":
        return 130
    if result.failed and not (allow_errors and not result.ended_early):
        total = sum(result.errors.values())
        what = result.ended_early or f"{total:,} requests failed"
        click.echo(f"fastnet: {what}{f' ({result.hint})' if result.hint else ''}", err=True)
        return 1
    return 0


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of Spec for the options that were given."""
    body_file = given.pop("body_file")
    if body_file is not None:
        if given["body"] is not None:
            raise ConfigError("body", given["body"], "only one of --body and --body-file")
        given["body"] = _read("body_file", body_file)
    elif given["body"] is not None:
        given["body"] = given["body"].encode()
    if given["expect_digest"] not in (None, "echo"):
        try:
            given["expect_digest"] = int(given["expect_digest"], 16)
        except ValueError:
            raise ConfigError("expect_digest", given["expect_digest"], "a CRC-32C in hex, or echo") from None
    headers = []
    for line in given["header"]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ConfigError("header", line, "Name: value")
        headers.append((name.strip(), value.strip()))
    given["header"] = tuple(headers)
    if given["method"] is None and (given["body"] or given["random"]):
        given["method"] = "POST"
    return {FIELDS.get(name, name): value for name, value in given.items() if value is not None and value != ()}


def _read(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(option, path, f"a file that can be read ({error.strerror})") from None


def _check_csv(path: str | None) -> None:
    check_writable("csv", path)
    if path and Path(path).exists():
        first = Path(path).read_text(errors="replace").partition("\n")[0]
        if first and not first.startswith("started_at,url,mode,"):
            raise ConfigError("csv", path, "a new file, or one that --csv wrote")


def _live_line(stack: ExitStack) -> Any:
    """A line that shows how it goes, where somebody may watch: on a terminal, if rich is installed."""
    if not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text
    except ImportError:
        return None
    from fastnet.cli.bench_text import live

    line = stack.enter_context(Live(console=Console(stderr=True), transient=True, refresh_per_second=10))
    return lambda counts, seconds: line.update(Text(live(counts, seconds)))
