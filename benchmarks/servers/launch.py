"""Start a peer that has no command line of its own, or whose best settings its command line does not reach.

python -m benchmarks.servers.launch fastwsgi|fastpysgi|bjoern MODULE:APP PORT [closing]

closing: every answer is closed, which PEP 3333 asks of servers. fastpysgi looks for close() at the iterator instead of
at what the application returned, and so never ends a request of Django (its signal request_finished is not sent).
"""

import importlib
import sys
from collections.abc import Callable, Iterable
from typing import Any

App = Callable[[Any, Any], Iterable[bytes]]


class Closing:
    """An answer that is its own iterator, so that fastpysgi closes it."""

    def __init__(self, answer: Any) -> None:
        self.close, self._next = answer.close, iter(answer).__next__

    def __iter__(self) -> "Closing":
        return self

    def __next__(self) -> bytes:
        return self._next()  # type: ignore[no-any-return]


def closing(app: App) -> App:
    return lambda environ, start_response: Closing(app(environ, start_response))


def main(peer: str, target: str, port: int, *options: str) -> None:
    module, _, name = target.partition(":")
    app: Any = getattr(importlib.import_module(module), name)
    if "closing" in options:
        app = closing(app)
    server: Any = importlib.import_module(peer)
    if peer == "bjoern":
        server.run(app, "127.0.0.1", port)
        return
    server.server.tcp_nodelay = 1  # off by default, and pipelined answers then wait for acknowledgements
    server.run(app, "127.0.0.1", port)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
