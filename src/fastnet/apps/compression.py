"""Answers compressed on their way out, for clients that accept it: gzip, br and zstd around a WSGI or ASGI application.

Left as they are: answers that have a Content-Encoding already, or say `Cache-Control: no-transform`; parts of a body
(206) and answers without one; types that do not get smaller; bodies of a known length below MIN_BYTES; files that the
kernel sends. Each piece of a streamed answer is sent on at once, at some cost in size.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Protocol

from fastnet.apps.file_answers import CODINGS, accepted_codings
from fastnet.errors import ConfigError

MIN_BYTES = 500

# Beside text/*, and what ends in +json or +xml.
_TYPES = {
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "application/x-ndjson",
    "application/xml",
    "application/x-javascript",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
}
_BODYLESS = {204, 205, 206, 304}

Fields = list[tuple[str, str]]


class Encoder(Protocol):
    """One body being compressed."""

    def piece(self, data: bytes) -> bytes:
        """What to send for `data`, all of it."""
        ...

    def last(self, data: bytes) -> bytes:
        """The same for the end of the body."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def piece(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def last(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush()


class _Brotli:
    def __init__(self, module: Any) -> None:
        self._stream = module.Compressor(quality=4)

    def piece(self, data: bytes) -> bytes:
        return bytes(self._stream.process(data) + self._stream.flush())

    def last(self, data: bytes) -> bytes:
        return bytes(self._stream.process(data) + self._stream.finish())


class _Zstandard:
    def __init__(self, module: Any) -> None:
        self._stream = module.ZstdCompressor()

    def piece(self, data: bytes) -> bytes:
        return bytes(self._stream.compress(data, self._stream.FLUSH_BLOCK))

    def last(self, data: bytes) -> bytes:
        return bytes(self._stream.compress(data, self._stream.FLUSH_FRAME))


class Compressor:
    """Makes encoders of these codings, best first: "br", "zstd", "gzip". Raises ConfigError for one that cannot be."""

    def __init__(self, codings: Iterable[str]) -> None:
        self._encoders: dict[str, Callable[[], Encoder]] = {coding: _maker(coding) for coding in codings}

    def choose(self, accept: bytes | None) -> str | None:
        """The coding that a client with this Accept-Encoding likes best, if any."""
        weights = accepted_codings(accept)
        liked = [coding for coding in self._encoders if coding in weights]
        return max(liked, key=weights.__getitem__, default=None)

    def encoder(self, coding: str | None, status: int, fields: Fields, length: int | None) -> Encoder | None:
        """The encoder for an answer with these header fields, which are changed accordingly; None to leave the body.

        `length`: of the body, in bytes, if it is known. `coding` None: the client accepts none.
        """
        named = {name.lower(): value for name, value in fields}
        if status in _BODYLESS or "content-encoding" in named or not _shrinks(named.get("content-type", "")):
            return None
        if "no-transform" in named.get("cache-control", "").lower():
            return None
        if length is None and named.get("content-length", "").isdecimal():
            length = int(named["content-length"])
        if length is not None and length < MIN_BYTES:
            return None
        if "accept-encoding" not in named.get("vary", "").lower() and named.get("vary", "").strip() != "*":
            fields.append(("Vary", "Accept-Encoding"))
        if coding is None:
            return None
        kept = [field for field in map(_weaker, fields) if field[0].lower() not in ("content-length", "accept-ranges")]
        fields[:] = [*kept, ("Content-Encoding", coding)]
        return self._encoders[coding]()


def _maker(coding: str) -> Callable[[], Encoder]:
    if coding == "gzip":
        return _Gzip
    if coding == "br":
        brotli = _module("br", "the package brotli", "brotli")
        return lambda: _Brotli(brotli)
    if coding == "zstd":
        zstd = _module("zstd", "Python 3.14, or the package backports.zstd", "compression.zstd", "backports.zstd")
        return lambda: _Zstandard(zstd)
    raise ConfigError("compress", coding, f"codings among {', '.join(CODINGS)}")


def _module(coding: str, needed: str, *names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    raise ConfigError("compress", coding, f"{needed}, to be installed for that coding")


def _shrinks(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TYPES or kind.endswith(("+json", "+xml"))


def _weaker(field: tuple[str, str]) -> tuple[str, str]:
    """What a strong entity tag names byte for byte is another representation now (RFC 9110, section 8.8.1)."""
    name, value = field
    return (name, f"W/{value}") if name.lower() == "etag" and value.startswith('"') else field


def compressed(app: Any, interface: str, compressor: Compressor) -> Any:
    """A "wsgi" or "asgi" application that answers as `app` does, compressed."""
    return _wsgi(app, compressor) if interface == "wsgi" else _asgi(app, compressor)


class _Answer:
    """A WSGI answer on its way: the head waits for the body's beginning, which may show how long it is."""

    def __init__(self, coding: str | None, compressor: Compressor, start_response: Callable[..., Any]) -> None:
        self._coding, self._compressor, self._start_response = coding, compressor, start_response
        self._head: tuple[str, Fields] | None = None
        self._write: Callable[[bytes], Any] | None = None
        self._encoder: Encoder | None = None
        self._body: Any = ()

    def start_response(self, status: str, fields: Fields, exc_info: Any = None) -> Callable[[bytes], None]:
        if self._write is not None or (self._head is not None and exc_info is None):
            self._start_response(status, fields, exc_info)  # which says what is wrong with that
        self._head = status, list(fields)
        return self.write

    def write(self, data: bytes) -> None:
        write = self._begin(None)
        write(data if self._encoder is None else self._encoder.piece(data))

    def _begin(self, length: int | None, compress: bool = True) -> Callable[[bytes], Any]:
        write = self._write
        if write is None:
            if self._head is None:
                raise AssertionError("the app answered without calling start_response()")
            status, fields = self._head
            if compress:
                self._encoder = self._compressor.encoder(self._coding, int(status[:3]), fields, length)
            write = self._write = self._start_response(status, fields)
        return write

    def answer(self, result: Iterable[bytes], file_wrapper: type) -> Iterable[bytes]:
        if self._head is not None and isinstance(result, file_wrapper):
            self._begin(None, compress=False)
            return result
        if self._head is not None and self._write is None and isinstance(result, list | tuple):
            body = b"".join(result)
            self._begin(len(body))
            return [body] if self._encoder is None else [self._encoder.last(body)]
        self._body = result
        return self

    def __iter__(self) -> Iterator[bytes]:
        for data in self._body:
            if data:
                self._begin(None)
                yield data if self._encoder is None else self._encoder.piece(data)
        self._begin(0 if self._write is None else None)
        if self._encoder is not None:
            yield self._encoder.last(b"")

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._body.close()


def _wsgi(app: Any, compressor: Compressor) -> Any:
    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            result: Iterable[bytes] = app(environ, start_response)
            return result
        coding = compressor.choose(environ.get("HTTP_ACCEPT_ENCODING", "").encode("latin-1"))
        answer = _Answer(coding, compressor, start_response)
        return answer.answer(app(environ, answer.start_response), environ["wsgi.file_wrapper"])

    return call


class _Sender:
    """send() of an ASGI application; the head waits for the body's beginning, which may show how long it is."""

    def __init__(self, coding: str | None, compressor: Compressor, send: Callable[[Any], Awaitable[None]]) -> None:
        self._coding, self._compressor, self._send = coding, compressor, send
        self._head: dict[str, Any] | None = None
        self._encoder: Encoder | None = None

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and self._head is None:
            self._head = message
            return
        if message["type"] == "http.response.body":
            body, more = message.get("body", b""), message.get("more_body", False)
            await self._begin(None if more else len(body))
            if self._encoder is not None:
                message = {**message, "body": self._encoder.piece(body) if more else self._encoder.last(body)}
        else:  # a file, trailers
            await self._begin(None, compress=False)
        await self._send(message)

    async def _begin(self, length: int | None, compress: bool = True) -> None:
        head, self._head = self._head, None
        if head is None:
            return
        if compress:
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.get("headers", ())]
            self._encoder = self._compressor.encoder(self._coding, head["status"], fields, length)
            head = {**head, "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]}
        await self._send(head)


def _asgi(app: Any, compressor: Compressor) -> Any:
    async def call(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http" and scope["method"] != "HEAD":
            accept = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
            send = _Sender(compressor.choose(accept), compressor, send).send
        await app(scope, receive, send)

    return call
