"""Counts the requests of each process of a server: an application around another, which any server can serve.

$FASTNET_TALLY_TARGET names the application inside, as MODULE:ATTRIBUTE, $FASTNET_TALLY_FOLDER a directory in which each
process that answers keeps its count, in a file of eight bytes with its pid for a name. read() gives them.
"""

from __future__ import annotations

import importlib
import mmap
import os
import struct
import threading
from collections.abc import Awaitable, Callable
from functools import reduce
from pathlib import Path
from typing import Any

TARGET = "FASTNET_TALLY_TARGET"
FOLDER = "FASTNET_TALLY_FOLDER"
_COUNT = struct.Struct("=Q")


class Tally:
    """The count of this process, whichever it is: a worker forked from a process that counted begins its own."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._pid = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._count = os.getpid(), 0
                with open(os.path.join(self._folder, str(self._pid)), "w+b") as file:
                    file.truncate(_COUNT.size)
                    self._place = mmap.mmap(file.fileno(), _COUNT.size)
            self._count += 1
            _COUNT.pack_into(self._place, 0, self._count)


def read(folder: str) -> list[int]:
    """Requests of each process, most first."""
    return sorted((_COUNT.unpack(file.read_bytes())[0] for file in Path(folder).iterdir()), reverse=True)


def _inside() -> Any:
    module, _, attribute = os.environ[TARGET].partition(":")
    return reduce(getattr, attribute.split("."), importlib.import_module(module))


if TARGET in os.environ:
    _app, _tally = _inside(), Tally(os.environ[FOLDER])


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    _tally.add()
    return _app(environ, start_response)


async def asgi(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Awaitable[None]]) -> None:
    if scope["type"] != "lifespan":
        _tally.add()
    await _app(scope, receive, send)
