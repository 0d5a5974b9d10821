"""The server's own log: the logger "fastnet" of the standard library, on standard error unless told otherwise.

A program that configured that logger itself, with a handler of its own, keeps its configuration.
"""

from __future__ import annotations

import logging

LOGGER = logging.getLogger("fastnet")


def configure(level: str) -> None:
    """Log messages from `level` ("debug" to "critical") on to standard error, with time, level and process."""
    LOGGER.setLevel(level.upper())
    if not LOGGER.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(process)d] %(message)s"))
        LOGGER.addHandler(handler)
        LOGGER.propagate = False


def lines(level: int, text: str) -> None:
    """Log each line of `text` by itself, so that every line of the log carries its time and process."""
    for line in text.splitlines():
        LOGGER.log(level, "    %s", line)
