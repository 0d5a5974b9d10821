"""The application that tests of WSGI serve: what it does is in the path."""

import contextvars
import io
import os
import sys
import tempfile
import time
from wsgiref.validate import validator

SEEN = contextvars.ContextVar("SEEN", default="nothing")
TEXT = ("Content-Type", "text/plain")


def note(what):
    """A line in the server's log."""
    print("NOTE", what, file=sys.stderr, flush=True)


class Closing:
    """An iterable that notes that it was closed."""

    def __init__(self, blocks):
        self.blocks = iter(blocks)

    def __iter__(self):
        return self.blocks

    def close(self):
        note(f"closed, seeing {SEEN.get()}")


def environ_of(environ, start_response):
    lines = [f"{key}={value!r}" for key, value in sorted(environ.items())]
    start_response("200 OK", [TEXT])
    return ["\n".join(lines).encode()]


def constant(environ, start_response):
    """Every object of the answer's head is the same each time."""
    start_response("200 OK", [TEXT, ("Content-Length", "3")])
    return [b"ab" if "short" in environ["PATH_INFO"] else b"abc"]


@validator
def valid(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [TEXT])
    return [b"valid ", body] if environ["PATH_INFO"] == "/valid" else (piece for piece in (b"valid ", body))


def echo(environ, start_response):
    body = environ["wsgi.input"]
    lines = [next(body, b"")] if environ["QUERY_STRING"] == "line" else [body.read(), body.read()]
    start_response("200 OK", [TEXT, ("X-Length", environ.get("CONTENT_LENGTH", "none"))])
    return lines


def count(environ, start_response):
    size = n = 0
    while block := environ["wsgi.input"].read(1 << 20):
        size, n = size + len(block), n + 1
    start_response("200 OK", [TEXT])
    return [b"%d" % size]


def slow(environ, start_response):
    def blocks():
        for i in range(3):
            yield b"block %d\n" % i
            while not os.path.exists(f"go{i}"):
                time.sleep(0.005)

    start_response("200 OK", [TEXT])
    return blocks()


def write(environ, start_response):
    send = start_response("200 OK", [TEXT])
    send(b"written ")
    return [b"and returned"]


def write_much(environ, start_response):
    send = start_response("200 OK", [TEXT])
    for i in range(640):
        send(b"%07d\n" % i * 8192)
    return []


def stream(environ, start_response):
    block = b"x" * 65536
    start_response("200 OK", [TEXT])
    SEEN.set("its own")
    return Closing(block for _ in range(int(environ["QUERY_STRING"])))


def file(environ, start_response):
    options = dict(part.split("=") for part in environ["QUERY_STRING"].split("&") if part)
    source = open("big", "rb")  # noqa: SIM115 - the server closes it
    if "gzip" in options:
        import gzip

        source = gzip.open("small.gz")  # noqa: SIM115
    if "memory" in options:
        source = io.BytesIO(b"in memory")
    if "temporary" in options:
        source = tempfile.NamedTemporaryFile()  # noqa: SIM115
        source.write(b"temporary")
    source.seek(int(options.get("at", 0)))
    headers = [TEXT, *(("Content-Length", options[name]) for name in ("length",) if name in options)]
    closing = source.close

    def close():
        note("file closed")
        closing()

    wrapper = environ["wsgi.file_wrapper"](source)
    wrapper.close = close
    start_response(options.get("status", "200 OK").replace("+", " "), headers)
    return wrapper


def status(environ, start_response):
    code = environ["QUERY_STRING"]
    start_response(f"{code} Chosen", [])
    return Closing([b"never sent" if code in ("204", "304") else b"sent"])


def head(environ, start_response):
    def endless():
        while True:
            yield b"more"

    start_response("200 OK", [TEXT])
    return [] if environ["QUERY_STRING"] == "empty" else Closing(endless())


def context(environ, start_response):
    before = SEEN.get()
    SEEN.set("something")
    start_response("200 OK", [TEXT])
    return [before.encode()]


class Breaks:
    """Each method is one way to be wrong."""

    def at_call(self, environ, start_response):
        raise ValueError("at_call")

    def at_exit(self, environ, start_response):
        sys.exit("at_exit")

    def at_interrupt(self, environ, start_response):
        raise KeyboardInterrupt("at_interrupt")

    def at_first(self, environ, start_response):
        start_response("200 OK", [TEXT])
        raise ValueError("at_first")
        yield b""

    def at_second(self, environ, start_response):
        start_response("200 OK", [TEXT])
        yield b"partly"
        raise ValueError("at_second")

    def at_write(self, environ, start_response):
        start_response("200 OK", [TEXT])(b"partly")
        raise SystemExit("at_write")

    def no_start(self, environ, start_response):
        return [b"body"]

    def str_body(self, environ, start_response):
        start_response("200 OK", [TEXT])
        return ["str"]

    def str_later(self, environ, start_response):
        start_response("200 OK", [TEXT])
        return Closing([b"fine", "str"])

    def str_in_list(self, environ, start_response):
        start_response("200 OK", [TEXT])
        return [b"fine", "str"]

    def none(self, environ, start_response):
        start_response("200 OK", [TEXT])

    def twice(self, environ, start_response):
        start_response("200 OK", [TEXT])
        start_response("200 OK", [TEXT])
        return []

    def too_long(self, environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return [b"four"]

    def too_short(self, environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return [b"four"]

    def too_long_streamed(self, environ, start_response):
        start_response("200 OK", [("Content-Length", "6")])
        return Closing([b"four", b"four"])

    def too_short_streamed(self, environ, start_response):
        start_response("200 OK", [("Content-Length", "9")])
        return Closing([b"four", b"four"])

    def split(self, environ, start_response):
        start_response("200 OK", [("X-Bad", "a\r\nX-Evil: yes")])
        return [b"body"]

    def split_name(self, environ, start_response):
        start_response("200 OK", [("X-Bad: a\r\nX-Evil", "yes")])
        return [b"body"]

    def split_status(self, environ, start_response):
        start_response("200 OK\r\nX-Evil: yes", [])
        return [b"body"]

    def bad_status(self, environ, start_response):
        start_response("OK", [])
        return [b"body"]

    def bytes_status(self, environ, start_response):
        start_response(b"200 OK", [])
        return [b"body"]

    def bytes_header(self, environ, start_response):
        start_response("200 OK", [(b"X", b"y")])
        return [b"body"]

    def euro(self, environ, start_response):
        start_response("200 OK", [("X", "\u20ac")])
        return [b"body"]

    def cleared(self, environ, start_response):
        environ.clear()
        raise ValueError("cleared")

    def excuse(self, environ, start_response):
        start_response("200 OK", [TEXT, ("X-First", "1")])
        try:
            raise ValueError("excuse")
        except ValueError:
            start_response("503 Sorry", [TEXT], sys.exc_info())
        return [b"sorry"]

    def late_excuse(self, environ, start_response):
        start_response("200 OK", [TEXT])(b"partly")
        try:
            raise ValueError("late_excuse")
        except ValueError:
            start_response("503 Sorry", [TEXT], sys.exc_info())
        return [b"sorry"]

    def bad_close(self, environ, start_response):
        class Bad(Closing):
            def close(self):
                raise ValueError("bad_close")

        start_response("200 OK", [TEXT])
        return Bad([b"fine"])


def app(environ, start_response):
    name = environ["PATH_INFO"].strip("/").partition("/")[0].partition("-")[0]
    handler = getattr(Breaks(), name, None) or globals().get(name) or environ_of
    return handler(environ, start_response)
