"""The command `fastnet trace`: where the time of one request goes, under each server model.

Exit status: 0; 1 when the target cannot be served, or does not answer; 2 for a wrong option.
"""

from __future__ import annotations

from typing import Any

import click

from fastnet.cli.files import check_writable, write
from fastnet.errors import ConfigError


@click.command()
@click.argument("target", metavar="MODULE:ATTRIBUTE")
@click.option("--model", multiple=True, metavar="prefork|threaded|async", help="May be repeated. [all]")
@click.option("--path", metavar="PATH", help="To ask for. [/]")
@click.option("-X", "--method", help="[GET; POST with a body]")
@click.option("-H", "--header", multiple=True, metavar="'NAME: VALUE'", help="Any number of them.")
@click.option("--body", help="Text to send.")
@click.option("--app-dir", metavar="DIR", help="To import TARGET from, before the current one.")
@click.option("--interface", metavar="auto|wsgi|asgi", help="[auto]")
@click.option("-n", "--requests", metavar="N", help="Of which the one of median time is shown. [50]")
@click.option("--html", "html_file", metavar="FILE", help="Write a page there.")
@click.option("--json", "json_file", metavar="FILE", help="Write every request there (docs/trace.md).")
def trace(**given: Any) -> int:
    """Show one request's way through the server, step by step, under each model."""
    from fastnet.bench.processes import ServerFailed
    from fastnet.bench.trace import Options
    from fastnet.bench.trace import trace as run
    from fastnet.cli.trace_text import trace_lines

    html_file, json_file = given.pop("html_file"), given.pop("json_file")
    options = Options(**_values(given))
    check_writable("html", html_file)
    check_writable("json", json_file)
    try:
        found = run(options)
    except ServerFailed as error:
        if error.log:
            click.echo(error.log.rstrip("\n"), err=True)
        raise
    for line in trace_lines(found):
        click.echo(line)
    if json_file:
        write(json_file, found.to_json() + "\n", "w")
    if html_file:
        from fastnet.bench.trace_report import trace_report

        write(html_file, trace_report(found), "w")
    return 0


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of Options for the options that were given."""
    names = {"model": "models", "header": "headers"}
    values = {names.get(name, name): value for name, value in given.items() if value is not None and value != ()}
    if "requests" in values:
        try:
            values["requests"] = int(values["requests"])
        except ValueError:
            raise ConfigError("requests", values["requests"], "an integer from 1 to 10000") from None
    if "body" in values:
        values["body"] = values["body"].encode()
        values.setdefault("method", "POST")
    return values
