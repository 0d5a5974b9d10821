"""ASGI 3 (HTTP, message spec 2.4) over the pump: `scope`, `receive`, `send`, and the app's coroutine stepped at once.

The app is called when its request's head is there; with the body, too, when that came in the same read. Its first step
is taken on the spot (apps/stepping), and most answers are complete when it returns: they leave in one write together
with those of other requests that were read with this one.

`receive()` and `send()` return awaitables without a frame (apps/asgi_messages). send() keeps `http.response.start` back
until the first part of the body, so that an answer whose body is sent whole has a Content-Length without the app's doing.
Backpressure: send() waits while more than `max_output` bytes are unsent; a body is read no further ahead of receive()
than BODY_AHEAD.

A message out of order, or one that cannot be sent, raises in the app. An app that raises or returns before its answer is
complete is logged, and answered 500 if nothing was sent yet; otherwise its answer is cut off where it is, and the
connection closed, so that the client can tell. Once the client is gone receive() gives `http.disconnect` and send()
raises ClientDisconnected, an OSError.

Extensions: http.response.trailers, http.response.pathsend."""

import asyncio
import logging
import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF

from fastnet.apps.asgi_messages cimport (BODY_FIELD, BODY_MESSAGE, HEADERS, IS_FILE, MORE_BODY, MUST_WAIT, N_FIELDS,
                                         PATH_MESSAGE, SENT, START_MESSAGE, STATUS, TRAILERS_FIELD, TRAILERS_MESSAGE,
                                         TYPE, MessageExchange, body_of, check_field, kind_of, put_fields, take_apart)
from fastnet.apps.asgi_websocket cimport asks_for_websocket, new_websocket
from fastnet.apps.scope cimport ScopeBuilder
from fastnet.protocols.http1 cimport Connection

from fastnet.errors import ClientDisconnected
from fastnet.protocols.websocket_options import Options

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *o)

cdef enum:
    # what the app is to send next
    START, FIRST_BODY, BODY, TRAILERS, NOTHING

cdef enum:
    BODY_AHEAD = 131072       # bytes of a body read ahead of the app
    FILE_PIECE = 262144       # bytes of a file read at a time for pathsend

logger = logging.getLogger("fastnet")


@cython.final
cdef class ASGIApp(App):
    """The application `callable` on the running `loop`, mounted by a proxy at root_path. Make it in the loop's thread.

    websocket: Options of its WebSockets.
    """

    def __init__(self, callable, loop, *, str root_path="", websocket=None):
        self.callable, self.loop, self.websocket = callable, loop, Options() if websocket is None else websocket
        self.stepper = Stepper(loop)
        self.state = {}
        self.scopes = ScopeBuilder(root_path)

    cdef Exchange open(self, Carrier carrier):
        cdef ASGIExchange exchange
        if carrier.conn.wants_upgrade and asks_for_websocket(carrier.conn):
            return new_websocket(carrier, self.callable, self.stepper, self.scopes, self.state, self.websocket)
        exchange = self._last
        if exchange is None or not exchange.is_free():
            if exchange is not None and exchange.ended:
                exchange.receive_method = exchange.send_method = None
            self._last = exchange = ASGIExchange.__new__(ASGIExchange)
            exchange.app, exchange.callable, exchange.stepper = self, self.callable, self.stepper
            exchange.receive_method, exchange.send_method = exchange.receive, exchange.send
        exchange.begin_again(carrier)
        return exchange

    cdef int end_turn(self) except -1:
        return self.stepper.leave_task()

    def close(self):
        """No more requests. The loop has to run once more."""
        self.stepper.close()
        self._last = None


@cython.final
cdef class ASGIExchange(MessageExchange):
    """One request of an ASGI application, and its answer; used again for the next one if nobody has kept it."""

    cdef bint is_free(self):
        # Held by the app, by open(), and by its methods, which only it holds.
        return (self.ended and Py_REFCNT(<PyObject *>self) == 4 and Py_REFCNT(<PyObject *>self.receive_method) == 1
                and Py_REFCNT(<PyObject *>self.send_method) == 1)

    cdef int begin_again(self, Carrier carrier) except -1:
        self.carrier = carrier
        self.chunks, self.waiters, self.headers = None, None, None
        self.chunk_bytes, self.length, self.state = 0, -1, START
        self.begun = self.inside = self.body_ended = self.body_told = self.eof_seen = False
        self.gone = self.trailers = self.waiting = self.ended = False
        return 0

    # --- the pump's side ---------------------------------------------------------------------------------------------

    cdef int start(self) except -1:
        cdef Connection conn = self.carrier.conn
        self.scope = self.app.scopes.build(self.carrier, self.app.state)
        self.body_ended = conn.content_length == 0
        if self.body_ended or conn._left == 0:
            return self.begin(True)
        if conn.content_length < 0:
            # whether a whole chunk has come nobody knows yet: begin at the end of the body or of this turn
            self.app.loop.call_soon(self._begin_late)
        return 0

    cdef int data(self, const char *data, Py_ssize_t n) except -1:
        cdef Connection conn = self.carrier.conn
        if self.chunks is None:
            self.chunks = []
        self.chunks.append(PyBytes_FromStringAndSize(data, n))
        self.chunk_bytes += n
        if self.waiters is not None:
            self.wake()
        if not self.begun and 0 <= conn.content_length != conn.body_bytes:
            return self.begin(True)
        return 0

    cdef int end(self) except -1:
        self.body_ended = True
        if not self.begun:
            return self.begin(True)
        return self.wake()

    cdef bint wants_data(self):
        return self.chunk_bytes < BODY_AHEAD

    cdef int eof(self) except -1:
        self.eof_seen = True
        return self.wake()

    cdef int drained(self) except -1:
        return self.wake()

    cdef int lost(self) except -1:
        self.gone = True
        self.carrier = None
        if not self.begun:
            self.begun = True        # nobody to answer
        return self.wake()

    # --- the app's coroutine -----------------------------------------------------------------------------------------

    def _begin_late(self):
        if not self.begun:
            self.begin(False)

    cdef int finished(self, object error) except -1:
        cdef Carrier carrier = self.carrier
        self.headers = None
        self.ended = True
        if self.app._last is not self:
            self.receive_method = self.send_method = None
        if carrier is None:
            # answered, or nobody is there to answer to: then it may fail for that very reason
            if error is not None and not (self.gone and isinstance(error, (OSError, asyncio.CancelledError))):
                logger.error("%s failed after its answer", self.label(), exc_info=error)
            self.scope = None
            return 0
        if error is None:
            logger.error("%s returned before its answer was complete", self.label())
        else:
            logger.error("%s failed", self.label(), exc_info=error)
        self.scope = None
        self.carrier = None
        self.claim(carrier)
        carrier.conn.fail(500, "Internal Server Error")
        if not self.inside:
            carrier.proceed()
        return 0

    cdef str label(self):
        return f"the application, at {self.scope.get('method')} {self.scope.get('path')!r},"

    # --- what the app awaits -----------------------------------------------------------------------------------------

    cdef object next_message(self):
        """What receive() gives; None: nothing yet."""
        cdef list chunks = self.chunks
        cdef bytes body
        cdef Carrier carrier = self.carrier
        if carrier is not None and not self.body_told and (chunks is not None or self.body_ended):
            self.chunks, self.chunk_bytes = None, 0
            self.body_told = self.body_ended
            body = b"" if chunks is None else chunks[0] if len(chunks) == 1 else b"".join(chunks)
            if carrier.conn.held:
                carrier.awake()
                carrier.conn.hold(False)
                if not self.inside:
                    carrier.proceed()
            return {"type": "http.request", "body": body, "more_body": not self.body_ended}
        if carrier is None or self.eof_seen:
            return {"type": "http.disconnect"}
        if carrier.conn.expects_continue and not self.body_ended:
            self.claim(carrier)
            carrier.conn.ask_body()
            if not self.inside:
                carrier.flush()
        return None

    cdef int deliver(self, object message) except -1:
        cdef dict fields = message if PyDict_CheckExact(message) else dict(message)
        cdef Carrier carrier = self.carrier
        cdef PyObject *values[N_FIELDS]
        cdef int kind, i
        take_apart(fields, values)
        try:
            if values[TYPE] == NULL:
                raise KeyError("type")
            if carrier is None:
                if self.gone:
                    raise ClientDisconnected("the client is gone; nothing more can be sent to it")
                raise RuntimeError(f"{<object>values[TYPE]} after the end of the answer")
            self.claim(carrier)
            kind = kind_of(<object>values[TYPE])
            if kind == BODY_MESSAGE:
                self.deliver_body(values)
            elif kind == START_MESSAGE:
                self.deliver_start(values)
                return SENT
            elif kind == TRAILERS_MESSAGE:
                self.deliver_trailers(fields)
            elif kind == PATH_MESSAGE:
                return IS_FILE
            else:
                raise ValueError(f"{<object>values[TYPE]!r} is no message that an HTTP application sends")
        finally:
            for i in range(N_FIELDS):
                Py_XDECREF(values[i])
        if not self.inside:
            if self.carrier is None:
                carrier.proceed()
            else:
                carrier.flush()
        return SENT if self.carrier is None or self.has_room() else MUST_WAIT

    # --- the answer --------------------------------------------------------------------------------------------------

    cdef int deliver_start(self, PyObject **values) except -1:
        if self.state != START:
            raise RuntimeError("http.response.start was sent already")
        if values[STATUS] == NULL:
            raise KeyError("status")
        self.status = <object>values[STATUS]
        if not 200 <= self.status <= 999:
            raise ValueError(f"{self.status} is no status of an answer, which is from 200 to 999")
        self.headers = () if values[HEADERS] == NULL else <object>values[HEADERS]
        self.trailers = values[TRAILERS_FIELD] != NULL and <bint><object>values[TRAILERS_FIELD]
        self.state = FIRST_BODY
        return 0

    cdef int deliver_body(self, PyObject **values) except -1:
        cdef object value = b"" if values[BODY_FIELD] == NULL else <object>values[BODY_FIELD]
        cdef bint more = values[MORE_BODY] != NULL and <bint><object>values[MORE_BODY]
        cdef bytes body = body_of(value)
        cdef Connection conn = self.carrier.conn
        cdef Py_ssize_t n = PyBytes_GET_SIZE(body)
        if self.state == FIRST_BODY:
            if self.length >= 0:
                self.put_head(self.length)
            else:
                self.put_head(-1 if more or self.trailers or (n == 0 and conn.is_head) else n)
        elif self.state != BODY:
            raise RuntimeError("http.response.body before http.response.start" if self.state == START
                               else "http.response.body after the last one")
        conn.send_data(PyBytes_AS_STRING(body), n, body)
        if not more:
            if self.trailers:
                self.state = TRAILERS
            else:
                self.put_end(None)
        return 0

    cdef int deliver_trailers(self, dict message) except -1:
        cdef list trailers = []
        if self.state != TRAILERS:
            raise RuntimeError("http.response.trailers, but no body that was to have them has ended")
        for name, value in message.get("headers", ()):
            check_field(name, value)
            trailers.append((name, value))
        if message.get("more_trailers", False):
            raise ValueError("http.response.trailers must come in one message, with more_trailers false")
        return self.put_end(trailers)

    cdef bint deliver_file(self, int fd, long long n) except -1:
        """Have the driver send a file of n bytes as the body, until drained(); False where it cannot."""
        cdef Carrier carrier = self.carrier
        if carrier is None or not carrier.sends_files():
            return False
        self.claim(carrier)
        self.put_head(n)
        if carrier.conn.body_forbidden:
            return True
        carrier.send_file(fd, 0, n)
        self.waiting = True
        carrier.proceed()
        return True

    cdef int put_head(self, long long length) except -1:
        cdef Connection conn = self.carrier.conn
        if not conn.repeat_head(self.status, self.headers):
            put_fields(conn, self.status, self.headers)
            conn.remember_head(self.status, self.headers)
        conn.end_head(length)
        self.state = BODY
        self.headers = None
        return 0

    cdef int put_end(self, list trailers) except -1:
        self.carrier.conn.send_end(trailers)
        self.state = NOTHING
        self.carrier = None
        return self.wake()

    cdef object file_sender(self, object message):
        return self._send_path(message)

    async def _send_path(self, message):
        """http.response.pathsend: a file as the body, by the driver, or read in pieces as the client takes them."""
        cdef long long left
        path = message["path"]
        if self.state != FIRST_BODY:
            raise RuntimeError("http.response.pathsend takes the place of the whole body, after http.response.start")
        loop = self.app.loop
        fd = await loop.run_in_executor(None, os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.length = left = os.fstat(fd).st_size
            if self.carrier is not None and self.carrier.conn.is_head:
                left = 0
            elif left > 0 and self.deliver_file(fd, left):
                await self._file_sent()
                left = 0
            while left > 0:
                piece = await loop.run_in_executor(None, os.read, fd, min(left, FILE_PIECE))
                if not piece:
                    raise ValueError(f"{path} has become shorter while it was sent")
                left -= len(piece)
                await self.send({"type": "http.response.body", "body": piece, "more_body": True})
            await self.send({"type": "http.response.body"})
        finally:
            os.close(fd)

    async def _file_sent(self):
        try:
            while self.waiting and not self.gone:
                await self.waiter()
        finally:
            if self.waiting and self.carrier is not None:
                self.waiting = False
                self.carrier.cut_answer()     # the application gave up, and the file is about to be closed
        if self.gone:
            raise ClientDisconnected("the client is gone; nothing more can be sent to it")
