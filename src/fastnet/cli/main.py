"""The command `fastnet`. Its options for serving are the fields of Config; see there for what each means.

Whatever is wrong is said in one line on standard error, `fastnet: ...`. Exit status: 2 for a wrong option, 1 when
serving cannot begin, else that of the supervisor.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from fastnet._version import __version__
from fastnet.cli.bench import bench
from fastnet.cli.cache import cache_command
from fastnet.cli.compare import compare
from fastnet.cli.dns import dns
from fastnet.cli.migrate import migrate_command
from fastnet.cli.serve import serve_command, values_of
from fastnet.cli.trace import trace
from fastnet.errors import ConfigError, FastnetError, StartupError
from fastnet.servers.config import Config, Option, options


def main(prog_name: str = "fastnet") -> NoReturn:
    """Run the command line of this process, and exit."""
    try:
        status = cli.main(prog_name=prog_name, standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except ConfigError as error:
        _fail(f"{_spelling(error.option)}: {error.value!r} given, expected {error.expected}", 2)
    except StartupError as error:
        if error.details:
            click.echo(error.details.rstrip("\n"), err=True)
        _fail(str(error), 1)
    except FastnetError as error:
        _fail(str(error), 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), 2)
    except click.Abort:
        sys.exit(130)


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"fastnet: {message}", err=True)
    sys.exit(status)


def _spelling(name: str) -> str:
    return name.upper() if name in ("target", "url") else "--" + name.replace("_", "-")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fastnet %(version)s")
def cli() -> None:
    """Serve WSGI and ASGI applications under any server model, and measure servers."""


def _serve(target: Any, **given: Any) -> int:
    from fastnet.servers.supervisor import Supervisor

    return Supervisor(Config(target=target, **values_of(given))).run()


def _parameter(name: str, option: Option) -> click.Option:
    default: Any = Config.__dataclass_fields__[name].default
    help = option.help
    if option.kind is not bool and default not in ("", 0, ()):
        shown = default[0] if option.many else f"{default:g}" if isinstance(default, float) else default
        help += f" [{shown}{' ' + option.unit if option.unit else ''}]"
    # Values are parsed and checked by Config, so that the text of an error is the same from Python.
    if option.kind is bool and default:
        return click.Option([f"{_spelling(name)}/--no-{_spelling(name)[2:]}"], default=None, help=help)
    if option.kind is bool:
        return click.Option([_spelling(name)], is_flag=True, default=None, help=help)
    metavar = "|".join(option.choices) if option.choices else None if option.kind is str else "N"
    return click.Option([_spelling(name)], type=str, multiple=option.many, metavar=metavar, help=help)


cli.add_command(serve_command([_parameter(name, option) for name, option in options()]))
cli.add_command(cache_command(_serve, [_parameter(name, option) for name, option in options()]))
cli.add_command(bench)
cli.add_command(dns)
cli.add_command(compare)
cli.add_command(trace)
cli.add_command(migrate_command)


@cli.command()
def info() -> None:
    """Show the version, what this machine lets it use, and how it was built."""
    from fastnet.cli.info import facts

    rows = facts()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
