"""The command `fastnet serve`: options from the command line, the environment and a file; --check, which only looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fastnet.cli.settings import FILE, Setting, WrongSetting, settings
from fastnet.errors import ConfigError
from fastnet.servers.config import Config, options
from fastnet.servers.systemd import inherited_sockets


def values_of(given: dict[str, Any]) -> dict[str, Any]:
    """Values for Config of what click was given. Raises ConfigError."""
    known = dict(options())
    return {
        name: tuple(value) if known[name].many else known[name].parse(name, value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None and value != ()
    }


def configured(target: str | None, path: str | None, given: dict[str, Any]) -> Config:
    """The Config of a command line, the environment and a file. Raises ConfigError, or click.UsageError."""
    try:
        others = settings(path)
    except WrongSetting as error:
        raise click.UsageError(str(error)) from None
    values = values_of(given)
    if target is None and "target" not in others:
        raise click.UsageError("Missing argument 'MODULE:ATTRIBUTE'")
    used: dict[str, Setting] = {name: one for name, one in others.items() if name not in values}
    if target is not None:
        used.pop("target", None)
        values["target"] = target
    if "bind" not in values and "bind" not in used and (sockets := inherited_sockets()):
        values["bind"] = tuple(sockets)
    try:
        return Config(**{name: one.value for name, one in used.items()}, **values)
    except ConfigError as error:
        if error.option not in used:
            raise
        place = used[error.option].place
        raise click.UsageError(f"{place}: {error.value!r} given, expected {error.expected}") from None


def check(config: Config) -> int:
    """Load the application as a worker would, and say what it is. Raises StartupError."""
    from fastnet.servers.loading import load
    from fastnet.servers.worker import preload

    preload(config)
    _, interface = load(config)
    where = " ".join(config.bind)
    workers = f"{config.workers} worker{'s' * (config.workers != 1)}"
    click.echo(f"fastnet: all is well: {config.target} ({interface}) at {where}, {config.model}, {workers}")
    return 0


def serve_command(parameters: list[click.Option]) -> click.Command:
    """`fastnet serve`, with the options of Config as `parameters`."""

    def serve(target: str | None, config_file: str | None, check_only: bool, **given: Any) -> int:
        from fastnet.servers.supervisor import Supervisor

        config = configured(target, config_file, given)
        return check(config) if check_only else Supervisor(config).run()

    callback: Callable[..., int] = serve
    return click.Command(
        "serve",
        callback=callback,
        params=[
            click.Argument(["target"], metavar="MODULE:ATTRIBUTE", required=False),
            click.Option(["--config", "config_file"], help=f"File of options, in TOML. [{FILE}, if there is one here]"),
            click.Option(["--check", "check_only"], is_flag=True, help="Only load everything, and say if it is well."),
            *parameters,
        ],
        help="""Serve the application that ATTRIBUTE of MODULE is, until SIGTERM or SIGINT.

        Times are in seconds, sizes in bytes. Defaults stand in brackets. Each option may also stand in a file,
        fastnet.toml, as in `workers = 4`, or in the environment, as in FASTNET_WORKERS=4.""",
    )
