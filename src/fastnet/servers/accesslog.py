"""The access log: one line an answer, in Apache's combined format or as JSON, each with the time it took.

What a client sent stands in it only in an escaped form, so nobody can forge a line or send control characters to the
terminal of whoever reads it. A full disk costs lines, which are counted, never an answer; a file that was renamed or
removed (log rotation) is opened anew within a second. Off by default.

An AccessLog belongs to one thread. Several, also of several processes, may write to one file: each write appends whole
lines.
"""

from __future__ import annotations

import json
import os
import re
import select
import threading
import time
from dataclasses import dataclass
from typing import Any

from fastnet.errors import StartupError
from fastnet.servers.config import Config
from fastnet.servers.log import LOGGER

_FLUSH_BYTES = 65536
# To a pipe, only writes up to this size are never interleaved with those of other processes.
_CHUNK_BYTES = select.PIPE_BUF
_CHECK_S = 1.0
# Files that cannot be written at present: said once a process, not once a thread.
_losing: set[str] = set()
_losing_lock = threading.Lock()
_UNSAFE = re.compile(rb"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer. `time` is when the request's head had arrived, in seconds since the epoch; `status` 0: none was sent.

    `client` is the address, or None for a Unix socket; `request` the request line, as received, or empty when there was
    none that could be read; `body_bytes` counts the body, without its framing, that was handed to the connection;
    `referer` and `user_agent` are None if missing.
    """

    client: str | None
    time: float
    request: bytes
    status: int
    body_bytes: int
    duration_s: float
    referer: bytes | None = None
    user_agent: bytes | None = None


def format_combined(entry: Entry) -> bytes:
    """Apache's combined format, then the duration in microseconds (%D). UTC, without the line end."""
    referer = b"-" if entry.referer is None else _escape(entry.referer)
    agent = b"-" if entry.user_agent is None else _escape(entry.user_agent)
    return b'%s - - [%s] "%s" %d %s "%s" "%s" %d' % (
        (entry.client or "-").encode("ascii", "replace"),
        _stamp(int(entry.time)),
        _escape(entry.request) or b"-",
        entry.status,
        b"%d" % entry.body_bytes if entry.body_bytes else b"-",
        referer,
        agent,
        round(entry.duration_s * 1e6),
    )


def format_json(entry: Entry) -> bytes:
    """One JSON object, ASCII only, without the line end; a field that is missing is null. Times in seconds."""
    method, _, rest = entry.request.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    fields: dict[str, Any] = {
        "time": round(entry.time, 6),
        "client": entry.client,
        "method": _text(method),
        "target": _text(target),
        "version": _text(version),
        "status": entry.status,
        "bytes": entry.body_bytes,
        "duration": round(entry.duration_s, 6),
        "referer": _text(entry.referer),
        "user_agent": _text(entry.user_agent),
    }
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def access_log(config: Config) -> AccessLog | None:
    """The access log that a Config asks for, if any. Raises StartupError when the file cannot be opened."""
    return AccessLog(config) if config.access_log != "off" else None


class AccessLog:
    """Writes entries in the configured format. Raises StartupError when the file cannot be opened.

    `write()` gathers lines; the driver calls `flush()` each turn, before it waits, and `close()` at the end.
    """

    def __init__(self, config: Config) -> None:
        self._format = format_json if config.access_log == "json" else format_combined
        self._path = "" if config.access_log_file == "-" else os.path.abspath(config.access_log_file)
        self._fd = 1
        self._identity = (0, 0)
        self._lines: list[bytes] = []
        self._size = 0
        self._lost = 0
        self._torn = False  # the last write ended inside a line
        self._checked = time.monotonic()
        if self._path:
            try:
                self._open()
            except OSError as error:
                raise StartupError(f"cannot write the access log {self._path}: {error.strerror}") from None

    def write(self, entry: Entry) -> None:
        """Add a line."""
        line = self._format(entry) + b"\n"
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand all lines to the system. Never raises: lines that cannot be written are lost, and counted."""
        if not self._lines:
            return
        if self._path and time.monotonic() - self._checked >= _CHECK_S:
            self._reopen()
        lines, self._lines, self._size = self._lines, [], 0
        start = 0
        while start < len(lines):
            end, size = start + 1, len(lines[start])
            while end < len(lines) and size + len(lines[end]) <= _CHUNK_BYTES:
                size += len(lines[end])
                end += 1
            self._append(b"".join(lines[start:end]), end - start)
            start = end

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.flush()
        if self._path:
            os.close(self._fd)

    def _append(self, data: bytes, count: int) -> None:
        if self._torn:
            data = b"\n" + data
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            self._lose(count, error)
            return
        self._torn = written < len(data) and data[written - 1 : written] != b"\n"
        if written < len(data):
            self._lose(data[written:].count(b"\n"), None)
        elif self._lost:
            LOGGER.warning("access log: writing again after %d lost lines", self._lost)
            self._lost = 0
            with _losing_lock:
                _losing.discard(self._path)

    def _lose(self, count: int, error: OSError | None) -> None:
        if not self._lost:
            with _losing_lock:
                said = self._path in _losing
                _losing.add(self._path)
            if not said:
                reason = error.strerror if error else "the write was cut short"
                LOGGER.error("access log: %s; lines are lost until it can be written again", reason)
        self._lost += count

    def _open(self) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(fd)
        self._fd, self._identity = fd, (status.st_dev, status.st_ino)

    def _reopen(self) -> None:
        self._checked = time.monotonic()
        old = self._fd
        try:
            status = os.stat(self._path)
            if (status.st_dev, status.st_ino) == self._identity:
                return
        except FileNotFoundError:
            pass
        except OSError:
            return
        try:
            self._open()
        except OSError as error:
            LOGGER.error("access log: cannot open %s anew: %s; the old file is used", self._path, error.strerror)
            return
        os.close(old)


def _escape(value: bytes) -> bytes:
    return _UNSAFE.sub(lambda match: b"\\x%02x" % match[0][0], value)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _stamp(seconds: int) -> bytes:
    t = time.gmtime(seconds)
    return b"%02d/%s/%d:%02d:%02d:%02d +0000" % (
        t.tm_mday, _MONTHS[t.tm_mon - 1].encode(), t.tm_year, t.tm_hour, t.tm_min, t.tm_sec
    )  # fmt: skip
