"""The server's side of HTTP/2, without I/O, from Python: events of streams, and answers to them.

The same Http2Connection that the servers drive, by the same calls; see http2.pxd for its C face.
"""

from typing import NamedTuple

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY

from fastnet.codecs.http1 cimport Request
from fastnet.protocols.http1 cimport CLOSED, DATA, END, HEAD, NEED_DATA
from fastnet.protocols.http2 cimport LOST, Http2Connection
from fastnet.protocols.http2_sender cimport Stream
from fastnet.protocols.workspace cimport Settings, Workspace


class Asked(NamedTuple):
    """A head has come: the stream may be answered."""

    stream: int
    request: Request


class Body(NamedTuple):
    """A piece of the request's body."""

    stream: int
    data: bytes


class Ended(NamedTuple):
    """The request is complete. trailers: possibly none."""

    stream: int
    trailers: list


class Reset(NamedTuple):
    """The stream is gone: nothing more can be sent on it."""

    stream: int


class Over(NamedTuple):
    """The connection is at its end: send what is queued, and close."""


WANTED, FULL = "WANTED", "FULL"
Event = Asked | Body | Ended | Reset | Over | str


@cython.final
cdef class Http2Server:
    """One connection (RFC 9113) of a server, which owns no socket and asks no clock.

    Give it what was read; pull events until WANTED (give it more) or FULL (write first); answer; write what
    data_to_send() gives. `now`: seconds of a clock that never goes back.
    """

    cdef Workspace ws
    cdef Http2Connection conn

    def __init__(self, Settings settings=None, *, double now=0.0, bytes server not None=b""):
        self.ws = Workspace(Settings() if settings is None else settings, server)
        self.ws.now = now
        self.conn = Http2Connection(self.ws)

    @property
    def open_streams(self) -> list[int]:
        """Numbers of the streams that are not closed."""
        return sorted(self.conn.streams)

    def receive_data(self, bytes data not None, now=None) -> None:
        """Bytes came."""
        if now is not None:
            self.ws.now = now
        if PyBytes_GET_SIZE(data):
            self.conn.receive(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            self.conn.settle()

    def receive_eof(self) -> None:
        """The client will send nothing more."""
        self.conn.receive_end()

    def next_event(self):
        """The next event; WANTED or FULL if there is none."""
        cdef int event = self.conn.step()
        cdef Stream stream = self.conn.stream
        if event == HEAD:
            stream.carrier = self
            stream.request.keep()
            self.ws.request = Request.__new__(Request)       # that one is the caller's now
            return Asked(stream.id, stream.request)
        if event == DATA:
            return Body(stream.id, PyBytes_FromStringAndSize(self.conn.data, self.conn.data_len))
        if event == END:
            return Ended(stream.id, stream.trailers or [])
        if event == LOST:
            return Reset(stream.id)
        self.conn.settle()
        return Over() if event == CLOSED else WANTED if event == NEED_DATA else FULL

    cdef Stream find(self, number):
        return <Stream>self.conn.streams[number]

    def send_head(self, stream, int status, headers=(), long long length=-1) -> None:
        """Begin an answer, or an interim one (1xx). length: of the whole body, if it is known.

        Raises KeyError for a stream that is closed, ValueError for a head that cannot be sent, RuntimeError if it was
        sent already.
        """
        cdef Stream one = self.find(stream)
        cdef bytes name, value
        one.begin_head(status, NULL, 0)
        for name, value in headers:
            one.add_field(PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
        one.end_head(length)

    def send_data(self, stream, bytes data not None) -> None:
        """More of the body. Raises ValueError if it is longer than the length that was announced."""
        self.find(stream).send_data(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)

    def send_end(self, stream, list trailers=None) -> None:
        """The answer is complete. Raises ValueError if its body is shorter than announced."""
        self.find(stream).send_end(trailers)

    def send_response(self, stream, int status, headers=(), bytes body not None=b"") -> None:
        """A whole answer."""
        self.send_head(stream, status, headers, len(body))
        self.send_data(stream, body)
        self.send_end(stream)

    def reset(self, stream, code=8) -> None:
        """Break a stream off, with an ErrorCode."""
        cdef Stream one = self.find(stream)
        one.carrier = None           # who does it needs not be told
        one.close(code)

    def hold(self, stream, bint on) -> None:
        """While on, the client may not send more of this stream's body than its window has room for."""
        self.find(stream).hold(on)

    def waiting(self, stream) -> int:
        """Bytes of the answer that wait for a window, or for their turn."""
        cdef Stream one = self.find(stream)
        return 0 if one.body is None else one.body.pending()

    def shut(self) -> None:
        """Say GOAWAY, and be at the end."""
        self.conn.shut()

    def drain(self) -> None:
        """Say GOAWAY, and go on with what has been asked for."""
        self.ws.draining = True

    def data_to_send(self) -> bytes:
        """What is to be written now."""
        cdef list pieces = []
        while True:
            self.conn.fill()
            n = self.conn.out.pending()
            if n == 0:
                self.conn.settle()
                return b"".join(pieces)
            pieces.extend(self.conn.out.take())
            self.conn.progress(n, False)

    def next_timeout(self):
        """Seconds until handle_timeout() is due, counted from the `now` given last."""
        self.conn.settle()
        return None if self.conn.deadline == INFINITY else max(0.0, self.conn.deadline - self.ws.now)

    def handle_timeout(self, double now) -> None:
        """The time is over: drop who is too slow."""
        self.ws.now = now
        if now >= self.conn.deadline:
            self.conn.timeout()
