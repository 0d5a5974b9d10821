"""Requests and responses over UDP: retries, duplicates answered once, nothing damaged let through. See docs/udp.md.

    @udp.service
    def shout(request):
        return request.upper()

`fastnet serve module:shout --bind udp://127.0.0.1:1060 --reuse-port` serves it; Client and AsyncClient ask. As a
command, ``python -m fastnet.udp udp://127.0.0.1:1060 TEXT...`` sends a request for each TEXT and prints the responses.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from fastnet.apps.udp_service import service
from fastnet.errors import FastnetError
from fastnet.protocols.udp_requests import (
    MOST_BYTES,
    Inquiry,
    Request,
    Requester,
    RequestFailed,
    RequestTimeout,
    Responder,
)

if TYPE_CHECKING:
    import argparse

    from fastnet.clients.dialing import Retry
    from fastnet.clients.udp import AsyncClient, Client
    from fastnet.clients.udp_group import ask_all, ask_all_async

__all__ = [
    "MOST_BYTES",
    "AsyncClient",
    "Client",
    "Inquiry",
    "Request",
    "RequestFailed",
    "RequestTimeout",
    "Requester",
    "Responder",
    "Retry",
    "ask_all",
    "ask_all_async",
    "service",
]


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: a server has no use for asyncio, nor for argparse below.
    if name in ("AsyncClient", "Client"):
        from fastnet.clients import udp

        return getattr(udp, name)
    if name in ("ask_all", "ask_all_async"):
        from fastnet.clients import udp_group

        return getattr(udp_group, name)
    if name == "Retry":
        from fastnet.clients.dialing import Retry

        return Retry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _parser() -> argparse.ArgumentParser:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            self.exit(2, f"fastnet: {message}\n")

    parser = Parser(prog="python -m fastnet.udp", description="Ask a server of requests and responses over UDP.")
    parser.add_argument("url", help="udp://HOST:PORT or unixgram:PATH")
    parser.add_argument("text", nargs="+", help="what to ask")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: those of the process); returns its exit status."""
    from fastnet.clients.udp import Client

    options = _parser().parse_args(arguments)
    try:
        with Client(options.url) as client:
            for text in options.text:
                print(client.request(text.encode()).decode(errors="backslashreplace"))
    except (FastnetError, OSError, ValueError) as error:
        print(f"fastnet: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
