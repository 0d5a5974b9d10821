"""Files below directories, and what a request for one is answered with. Served by fastnet.apps.static.

Nothing outside of a directory can be reached: each part of a path is opened in the directory that the part before it
gave, by name, never through a symbolic link, and `..` is no name. Parts that begin with a dot are not there, except
for `.well-known` (RFC 8615). Only regular files are read.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote_to_bytes

from fastnet.apps.file_answers import accepted_codings, http_date, precondition, ranges
from fastnet.errors import ConfigError

# Variants of a file that may stand beside it, best first among those that a client likes as much.
VARIANTS = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
INDEX = "index.html"

_IN_DIRECTORY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
# A directory is passed through, not read; and a FIFO must not hold us up.
_DIRECTORY = _IN_DIRECTORY | os.O_DIRECTORY | getattr(os, "O_PATH", 0)
_FILE = _IN_DIRECTORY | os.O_NONBLOCK

# Not the machine's own lists, so that the same file has the same type everywhere.
_TYPES = mimetypes.MimeTypes()
for _extension, _type in {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}.items():
    _TYPES.add_type(_type, _extension)


class Fields(Protocol):
    """The head of a request, as far as it matters here: fastnet.codecs.http1.Request."""

    @property
    def target(self) -> str: ...
    def get(self, name: str) -> bytes | None: ...


@dataclass
class Answer:
    """An answer that is ready to go. `parts` are its body: bytes, or (first byte, number of bytes) of the file `fd`,
    which is open, to be closed by whoever sends it, or -1. `length` is that of all of it; -1: none is to be said.
    """

    status: int
    fields: list[tuple[str, str]] = field(default_factory=list)
    length: int = 0
    parts: list[bytes | tuple[int, int]] = field(default_factory=list)
    fd: int = -1


@dataclass(frozen=True)
class _Mount:
    prefix: str
    directory: int


class StaticFiles:
    """Directories by the path under which they are found.

    mounts: "/path=DIRECTORY", of which the longest path that fits is taken; max_age: seconds for which caches need not
    ask again, or 0 to leave that to them. Raises ConfigError for a mount that cannot be.
    """

    def __init__(self, mounts: Iterable[str], max_age: int = 0) -> None:
        self._max_age = max_age
        self._mounts = sorted(map(_mount, mounts), key=lambda mount: -len(mount.prefix))

    @property
    def prefixes(self) -> list[str]:
        """The paths under which there are files, each with a "/" at its end."""
        return [mount.prefix for mount in self._mounts]

    def close(self) -> None:
        """No more requests."""
        for mount in self._mounts:
            os.close(mount.directory)
        self._mounts = []

    def answer(self, request: Fields) -> Answer | None:
        """For a GET or HEAD; None where no file can be the answer."""
        path, _, query = request.target.partition("?")
        for mount in self._mounts:
            if path.startswith(mount.prefix):
                return self._look(mount, path, query, request)
        return None

    def _look(self, mount: _Mount, path: str, query: str, request: Fields) -> Answer | None:
        parts = os.fsdecode(unquote_to_bytes(path.removeprefix(mount.prefix))).split("/")
        is_directory = not parts[-1]
        if is_directory:
            parts[-1] = INDEX
        if not all(map(_may_be_named, parts)):
            return None
        directory = _descend(mount.directory, parts[:-1])
        if directory is None:
            return None
        try:
            found = _open(parts[-1], directory)
            if found is not None:
                return self._represent(*found, parts[-1], directory, request)
            if not is_directory and (inner := _descend(directory, parts[-1:])) is not None:
                try:
                    return _with_slash(path, query, inner)
                finally:
                    os.close(inner)
            return None
        finally:
            if directory != mount.directory:
                os.close(directory)

    def _represent(self, fd: int, facts: os.stat_result, name: str, directory: int, request: Fields) -> Answer:
        kind = _TYPES.guess_type(name)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        fields = [("Content-Type", kind), ("X-Content-Type-Options", "nosniff"), ("Accept-Ranges", "bytes")]
        if self._max_age:
            fields.append(("Cache-Control", f"public, max-age={self._max_age}"))
        weights = accepted_codings(request.get("accept-encoding"))
        coding_used = ""
        liked = [coding for coding in VARIANTS if coding in weights]
        for coding in sorted(liked, key=weights.__getitem__, reverse=True):
            variant = _open(name + VARIANTS[coding], directory)
            if variant is not None:
                os.close(fd)
                fd, facts = variant
                coding_used = coding
                fields += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
                break
        # A variant may be as old and as long as the file itself, and is another representation.
        tag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}{coding_used}"'
        answer = _answer(fd, facts, tag, fields, request)
        if answer.fd < 0:
            os.close(fd)
        return answer


def _mount(text: str) -> _Mount:
    path, equals, directory = text.partition("=")
    if not equals or not path.startswith("/") or "?" in path or "//" in path:
        raise ConfigError("static", text, "/PATH=DIRECTORY, such as /static=public")
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError("static", text, f"a directory that can be read ({error.strerror})") from None
    return _Mount(path.rstrip("/") + "/", fd)


def _may_be_named(part: str) -> bool:
    return bool(part) and "\0" not in part and (not part.startswith(".") or part == ".well-known")


def _descend(directory: int, parts: list[str]) -> int | None:
    """The directory below; the caller closes it, if it is another one."""
    at = directory
    for part in parts:
        try:
            inner = os.open(part, _DIRECTORY, dir_fd=at)
        except OSError:
            return None
        finally:
            if at != directory:
                os.close(at)
        at = inner
    return at


def _open(name: str, directory: int) -> tuple[int, os.stat_result] | None:
    """A regular file to be read, and the facts about it; or None."""
    try:
        fd = os.open(name, _FILE, dir_fd=directory)
    except OSError:
        return None
    facts = os.fstat(fd)
    if stat.S_ISREG(facts.st_mode):
        return fd, facts
    os.close(fd)
    return None


def _with_slash(path: str, query: str, directory: int) -> Answer | None:
    """To where the relative links of a directory's index are right."""
    found = _open(INDEX, directory)
    if found is None:
        return None
    os.close(found[0])
    return Answer(301, [("Location", f"{path}/?{query}" if query else f"{path}/")])


def _answer(fd: int, facts: os.stat_result, tag: str, fields: list[tuple[str, str]], request: Fields) -> Answer:
    size, modified = facts.st_size, int(facts.st_mtime)
    fields += [("ETag", tag), ("Last-Modified", http_date(modified))]
    status = precondition(request.get, tag, modified)
    if status:
        return Answer(status, fields, -1 if status == 304 else 0)
    asked = ranges(request.get, size, tag, modified)
    if asked is None:
        return Answer(200, fields, size, [(0, size)], fd)
    if not asked:
        return Answer(416, [*fields, ("Content-Range", f"bytes */{size}")])
    if len(asked) == 1:
        first, n = asked[0]
        fields.append(("Content-Range", f"bytes {first}-{first + n - 1}/{size}"))
        return Answer(206, fields, n, [(first, n)], fd)
    return _multipart(fields, asked, size, fd)


def _multipart(fields: list[tuple[str, str]], asked: list[tuple[int, int]], size: int, fd: int) -> Answer:
    """Several ranges in one body (RFC 9110, section 14.6)."""
    boundary = os.urandom(16).hex()
    kind = fields[0][1]
    parts: list[bytes | tuple[int, int]] = []
    for first, n in asked:
        lines = "", f"--{boundary}", f"Content-Type: {kind}", f"Content-Range: bytes {first}-{first + n - 1}/{size}"
        parts += ["\r\n".join((*lines, "", "")).encode(), (first, n)]
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    length = sum(len(part) if isinstance(part, bytes) else part[1] for part in parts)
    fields[0] = ("Content-Type", f"multipart/byteranges; boundary={boundary}")
    return Answer(206, fields, length, parts, fd)
