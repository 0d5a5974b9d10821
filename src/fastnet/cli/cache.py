"""The command `fastnet cache`: a memcached server in one process, with the options of `fastnet serve` that mean
something to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fastnet.errors import ConfigError

# Options of Config that are given on, with what is their default here.
SERVING: dict[str, Any] = {
    "bind": ("127.0.0.1:11211",),
    "model": "threaded",
    "workers": 1,
    "threads": 0,
    "backlog": None,
    "max_connections": None,
    "max_output": None,
    "write_timeout": None,
    "drain_timeout": None,
    "tls_cert": None,
    "tls_key": None,
    "tls_key_password_file": None,
    "tls_key_password_env": None,
    "tls_self_signed": None,
    "tls_client_ca": None,
    "tls_client_cert": None,
    "tls_min_version": None,
    "tls_ciphers": None,
    "tls_handshake_timeout": None,
    "log_level": None,
    "loop": None,
}


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(option, text, "a number of seconds") from None


def cache_command(serve: Callable[..., int], parameters: list[click.Parameter]) -> click.Command:
    """The command. serve: what serves a target with options of Config; parameters: those options, as click has them."""

    def run(memory: str, max_item: str, idle_timeout: str, request_timeout: str, **given: Any) -> int:
        from fastnet.apps.cache import cache_service, check_workers

        service = cache_service(
            memory,
            max_item=max_item,
            idle_timeout=_number("idle_timeout", idle_timeout),
            request_timeout=_number("request_timeout", request_timeout),
        )
        values = {name: value for name, value in given.items() if value is not None and value != ()}
        if "workers" in values:
            try:
                check_workers(int(values["workers"]))
            except ValueError:
                raise ConfigError("workers", values["workers"], "1") from None
        return serve(service, **{name: value for name, value in SERVING.items() if value} | values)

    own = [
        click.Option(["--memory"], default="64m", metavar="SIZE", help="What items may take, all counted. [64m]"),
        click.Option(["--max-item"], default="1m", metavar="SIZE", help="The largest value. [1m]"),
        click.Option(["--idle-timeout"], default="0", metavar="N", help="Close idle connections after; 0: never. [0]"),
        click.Option(["--request-timeout"], default="30", metavar="N", help="For a request to be complete. [30]"),
    ]
    for each in parameters:
        if isinstance(each, click.Option) and SERVING.get(str(each.name)):
            default = SERVING[str(each.name)]
            shown = default[0] if isinstance(default, tuple) else default
            each.help = f"{str(each.help).partition(' [')[0]} [{shown}]"
    return click.Command(
        "cache",
        callback=run,
        params=[*own, *(each for each in parameters if each.name in SERVING)],
        help="""Serve a cache that speaks memcached's protocol, until SIGTERM or SIGINT.

        In one process, on 127.0.0.1:11211 and threaded unless said otherwise. Sizes are bytes, or have a k, m or g
        behind them; times are in seconds. What is cached is gone when the process ends.""",
    )
