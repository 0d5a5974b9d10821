"""Services that answer requests by datagrams; see protocols/udp_requests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from fastnet.apps.service import service as make_service
from fastnet.protocols.udp_requests import Responder


def service(
    handler: Callable[..., Any] | None = None,
    *,
    remember: int = 4096,
    remember_bytes: int = 4 << 20,
    remember_s: float = 60.0,
    concurrency: int = 64,
) -> Any:
    """Make a Service of a function that answers requests by datagrams; a decorator, too.

        @udp.service
        def shout(request):
            return request.upper()

    The handler, `def` or `async def`, is called once for each request, however often it comes, with a Request: bytes
    that know their `peer`. What it returns is the response, up to MOST_BYTES; None: there is none, and the client will
    give up. When it raises, the client gets RequestFailed: with the text of a ProtocolError, and no details of
    anything else, which is logged.

    A request that comes again must reach the process that answered it: serve it with one worker, or with
    --reuse-port, which keeps each client at one.

    Args:
        handler: the function, or a class with on_message(), of which each socket has one object.
        remember: requests, of all clients, that are known when they come again; more push the oldest out.
        remember_bytes: how large the responses to them may be, in all.
        remember_s: seconds for which they are known; longer than clients try.
        concurrency: requests that an `async def` handler may be busy with.

    Raises:
        ConfigError: an argument cannot be used.
    """
    datagram = functools.partial(Responder, remember, remember_bytes, remember_s)
    datagram()  # says now what is wrong
    return make_service(handler, datagram=datagram, concurrency=concurrency)
