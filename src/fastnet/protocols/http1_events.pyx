"""HTTP/1.1 connections for Python (RFC 9112), without I/O: ServerConnection and ClientConnection.

Feed what was read to receive_data(), pull events with next_event() until it says NEED_DATA or PAUSED, send with the
send_ methods, write what data_to_send() returns. The events of one message are its head, a Request or a Response, any
number of Data, and EndOfMessage. Each side of the connection keeps the other honest: a server that is not done with its
answer is not given the next request, so a peer that sends faster than it is served has only its own buffers to fill.

Time is data: the methods that take `now`, in seconds of any monotonic clock, are the only ones that learn of it;
next_timeout() says how long to wait for input before handle_timeout() is due. Who calls neither has no deadlines.

A server, and a request as it comes from the network:

>>> conn = ServerConnection()
>>> conn.receive_data(b"POST /greet HTTP/1.1\\r\\nHost: example.org\\r\\nContent-Length: 5\\r\\n\\r\\nworld")
>>> conn.next_event()
<Request POST /greet HTTP/1.1, 2 fields>
>>> conn.next_event()
Data(data=b'world')
>>> conn.next_event()
EndOfMessage(trailers=[])
>>> conn.send_response(200, [("content-type", "text/plain")], b"Hello, world")
>>> b"".join(conn.data_to_send())
b'HTTP/1.1 200 OK\\r\\ncontent-type: text/plain\\r\\ncontent-length: 12\\r\\n\\r\\nHello, world'
>>> conn.next_event()
<Wait.NEED_DATA: 'need data'>
"""


cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY

from fastnet.codecs.http1 cimport Request
from fastnet.protocols.http1 cimport CLOSED, DATA, END, HEAD, PAUSED as IS_PAUSED, UPGRADED, Connection
from fastnet.protocols.workspace cimport Settings, Workspace

from fastnet.protocols.base import NEED_DATA, PAUSED, Wait


@cython.final
@cython.dataclasses.dataclass(frozen=True)
cdef class Data:
    """A part of a body, without its framing."""
    data: bytes


@cython.final
@cython.dataclasses.dataclass(frozen=True)
cdef class EndOfMessage:
    """The message is complete. trailers: [(lower-cased name, value)], kept apart from the head's fields."""
    trailers: list


@cython.final
@cython.dataclasses.dataclass(frozen=True)
cdef class Upgraded:
    """The connection belongs to another protocol now: take_rest() has what the peer already sent in it."""


@cython.final
@cython.dataclasses.dataclass(frozen=True)
cdef class Closed:
    """No more messages will come. Write what data_to_send() has and close.

    truncated: it happened in the middle of a message.
    """
    truncated: bool


cdef class EventConnection:
    """What ServerConnection and ClientConnection share."""

    cdef Connection _conn
    cdef bytes _input            # lends what was not consumed yet

    cdef object _head(self):
        raise NotImplementedError()

    # --- inbound -----------------------------------------------------------------------------------------------------

    def receive_data(self, data, now=None):
        """Take bytes that the peer sent: any bytes-like object. Pull next_event() next, and until it has none."""
        cdef bytes input = data if type(data) is bytes else bytes(data)
        if now is not None:
            self._conn.ws.now = now
        self._conn.receive(PyBytes_AS_STRING(input), PyBytes_GET_SIZE(input))
        self._input = input

    def receive_eof(self, now=None):
        """The peer will send nothing more; it may still read. Pull next_event() next."""
        if now is not None:
            self._conn.ws.now = now
        self._conn.receive_end()

    def next_event(self):
        """The next Request or Response, Data, EndOfMessage, Upgraded or Closed; or NEED_DATA or PAUSED.

        When the server breaks the rules, a client raises ProtocolError, or LimitExceeded, and the connection is closed.
        When the client does, a server queues the answer that is due (400, 431, ...) and says Closed.
        """
        cdef int event = self._conn.next()
        if event == HEAD:
            return self._head()
        if event == DATA:
            return Data(PyBytes_FromStringAndSize(self._conn.data, self._conn.data_len))
        if event == END:
            return EndOfMessage([] if self._conn.trailers is None else self._conn.trailers)
        self._conn.settle()
        self._input = None
        if event == UPGRADED:
            return Upgraded()
        if event == CLOSED:
            return Closed(bool(self._conn.truncated))
        return PAUSED if event == IS_PAUSED else NEED_DATA

    def hold(self, bint on):
        """While on, next_event() says PAUSED instead of giving Data, and the time a body takes does not count."""
        self._conn.hold(on)

    def take_rest(self):
        """After Upgraded: the bytes that the peer sent in the new protocol and that were not taken yet."""
        return self._conn.take_rest()

    @property
    def wants_data(self) -> bool:
        """Reading from the peer makes sense now. While it does not, leave the bytes in the socket."""
        return bool(self._conn.wants_read())

    @property
    def keep_alive(self) -> bool:
        """The connection goes on after this exchange, as far as is known."""
        return bool(self._conn.keep_alive)

    @property
    def answering(self) -> bool:
        """A request was received (client: sent) whose answer is not complete."""
        return bool(self._conn.answering)

    @property
    def aborted(self) -> bool:
        """Closed, and there is nothing left to say: close the socket at once."""
        return bool(self._conn.aborted)

    @property
    def linger(self) -> bool:
        """Closed, but the peer may still be sending: shut down writing, read and drop for a moment, then close."""
        return bool(self._conn.linger)

    @property
    def is_cut(self) -> bool:
        """Closed in the middle of an answer that only closing would end: write the rest, then close with a reset."""
        return bool(self._conn.is_cut())

    @property
    def closed(self) -> bool:
        """Closed was, or is next, what next_event() says; nothing can be sent any more."""
        return bool(self._conn.is_closed())

    # --- outbound ----------------------------------------------------------------------------------------------------

    cdef int _put_fields(self, headers) except -1:
        cdef bytes raw_name, raw_value
        try:
            for name, value in headers:
                raw_name = name.encode("latin-1") if isinstance(name, str) else bytes(name)
                raw_value = value.encode("latin-1") if isinstance(value, str) else bytes(value)
                self._conn.add_field(PyBytes_AS_STRING(raw_name), PyBytes_GET_SIZE(raw_name),
                               PyBytes_AS_STRING(raw_value), PyBytes_GET_SIZE(raw_value))
        except BaseException:
            self._conn.give_up_head()
            raise
        return 0

    cdef int _put_body(self, body) except -1:
        cdef bytes data
        if body is not None:
            data = body if type(body) is bytes else bytes(body)
            self._conn.send_data(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)
            self._conn.send_end(None)
        return 0

    cdef int _check_open(self) except -1:
        if self._conn.is_closed():
            raise RuntimeError("the connection is closed: nothing can be sent any more")
        return 0

    def send_data(self, data):
        """Queue a part of the body: any bytes-like object. It is dropped where the message cannot have a body (HEAD).

        Raises ValueError when the body becomes longer than its Content-Length said; then abort() is all that is left.
        Raises RuntimeError when no body is due.
        """
        cdef bytes raw = data if type(data) is bytes else bytes(data)
        self._check_open()
        self._conn.send_data(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), raw)

    def send_end(self, trailers=()):
        """The message is complete. trailers: (name, value) pairs, sent if the body is chunked, else dropped.

        Raises ValueError when the body is shorter than its Content-Length said, or for a trailer that may not be sent.
        Raises RuntimeError when no body is due.
        """
        cdef list pairs = [(name.encode("latin-1") if isinstance(name, str) else bytes(name),
                            value.encode("latin-1") if isinstance(value, str) else bytes(value))
                           for name, value in trailers]
        self._check_open()
        self._conn.send_end(pairs)

    def data_to_send(self):
        """What to write now: a list of bytes, to be written in order. It is handed over: write all of it.

        Empty after abort(). A driver whose writes can block says what became of them to write_progress().
        """
        cdef Py_ssize_t n = self._conn.out.total - self._conn.out.sent
        if self._conn.aborted:
            self._conn.out.clear()
            return []
        buffers = self._conn.out.take()
        self._conn.progress(n, False)
        return buffers

    def write_progress(self, Py_ssize_t n, bint pending, now=None):
        """n more bytes of what data_to_send() returned were taken by the peer; `pending`: others still wait.

        From the first call with `pending` until one without it, the write deadline runs.
        """
        if now is not None:
            self._conn.ws.now = now
        self._conn.progress(n, pending)

    def abort(self):
        """Give the connection up: what is queued is not sent, and Closed is next."""
        self._conn.abort()

    # --- time --------------------------------------------------------------------------------------------------------

    def next_timeout(self):
        """Seconds from the `now` told last after which handle_timeout() is due, or None: not before more happens."""
        self._conn._set_deadline()
        return None if self._conn.deadline == INFINITY else max(0.0, self._conn.deadline - self._conn.ws.now)

    def handle_timeout(self, double now):
        """Tell the time. If a deadline has passed, a client is answered 408 where it can be, and Closed is next."""
        self._conn.ws.now = now
        self._conn._set_deadline()
        if now >= self._conn.deadline:
            self._conn.timeout()


@cython.final
cdef class ServerConnection(EventConnection):
    """The server's side of a connection.

    settings: limits and deadlines; now: when the connection was accepted, if there are to be deadlines; server: value
    of the Server field of every answer, none by default.
    """

    def __init__(self, Settings settings=None, *, double now=0.0, bytes server=b""):
        cdef Workspace ws = Workspace(settings if settings is not None else Settings(), server)
        ws.now = now
        self._conn = Connection(ws)

    cdef object _head(self):
        cdef Request request = self._conn.request
        request.keep()
        self._conn.ws.request = Request.__new__(Request)     # that one is the caller's now
        return request

    def send_response(self, int status, headers=(), body=b"", *, reason=None):
        """Answer the request. body: the whole of it; None: it follows by send_data(), ended by send_end().

        The framing fields are the connection's own: Content-Length where the length is known from `body` or among the
        headers, else chunked or, to HTTP/1.0, the end of the connection; Connection; none where no body may be.
        headers: (name, value) pairs of bytes or str (Latin-1); reason: bytes, or None for the standard phrase. 101, or
        2xx to CONNECT, hands the connection over. Raises ValueError, and nothing is sent, for what cannot be sent: a
        control character, a wrong Content-Length. Raises RuntimeError when no answer is due.
        """
        cdef bytes phrase
        self._check_open()
        if status < 200 and status != 101:
            raise ValueError(f"status {status} answers nothing yet: use send_informational()")
        if reason is None:
            self._conn.begin_head(status, NULL, 0)
        else:
            phrase = reason
            self._conn.begin_head(status, PyBytes_AS_STRING(phrase), PyBytes_GET_SIZE(phrase))
        self._put_fields(headers)
        self._conn.end_head(-1 if body is None else len(body))
        self._put_body(body)

    def send_informational(self, int status, headers=()):
        """Send 100 (Continue), 103 (Early Hints) or another 1xx before the answer; to HTTP/1.0 nothing is sent.

        100 is sent only if the client waits for it. Raises as send_response() does.
        """
        self._check_open()
        if not 100 <= status < 200 or status == 101:
            raise ValueError(f"status must be from 100 to 199 without 101, not {status}")
        if status == 100 and not self._conn.expects_continue:
            return
        self._conn.begin_head(status, NULL, 0)
        self._put_fields(headers)
        self._conn.end_head(-1)

    def refuse(self, int status, str text):
        """Answer with an error and close; Closed is next. An answer of which the head was sent ends where it is."""
        self._conn.fail(status, text)

    @property
    def expecting_continue(self) -> bool:
        """The client waits for 100 (Continue), or for an answer, before it sends the body."""
        return bool(self._conn.expects_continue)


@cython.final
cdef class ClientConnection(EventConnection):
    """The client's side of a connection.

    settings: limits and deadlines. first_byte_timeout is the longest wait for an answer once the request is complete.

    >>> conn = ClientConnection()
    >>> conn.send_request("GET", "/", [("host", "example.org")])
    >>> conn.data_to_send()
    [b'GET / HTTP/1.1\\r\\nhost: example.org\\r\\n\\r\\n']
    >>> conn.receive_data(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2\\r\\nhi\\r\\n0\\r\\nDigest: x\\r\\n\\r\\n")
    >>> conn.next_event(), conn.next_event(), conn.next_event()
    (<Response 200 HTTP/1.1, 1 fields>, Data(data=b'hi'), EndOfMessage(trailers=[(b'digest', b'x')]))
    >>> conn.keep_alive
    True
    """

    def __init__(self, Settings settings=None):
        self._conn = Connection(Workspace(settings if settings is not None else Settings()), server=False)

    cdef object _head(self):
        return self._conn.response

    def send_request(self, str method not None, str target not None, headers=(), body=b"", *, now=None):
        """Queue a request. body: the whole of it; None: it follows by send_data(), ended by send_end().

        The answer to the one before must be complete. Content-Length is added where the length is known, else chunked.
        With `Expect: 100-continue` and body=None, wait for a Response before send_data(): 100 asks for the body; a
        final one instead is the answer, after which the body may still be sent, or the connection closed. Raises
        ValueError, and nothing is sent, for what cannot be sent or when there is not one Host; RuntimeError when the
        connection is closed or busy.
        """
        cdef Py_ssize_t n = -1 if body is None else len(body)
        cdef list fields = list(headers)
        if now is not None:
            self._conn.ws.now = now
        self._check_open()
        if [name.lower() in ("host", b"host") for name, _ in fields].count(True) != 1:
            raise ValueError("an HTTP/1.1 request needs one Host field")
        if method == "CONNECT" and n != 0:
            raise ValueError("a CONNECT request cannot have a body")
        self._conn.begin_request(method, target)
        self._put_fields(fields)
        if n == 0 and method in ("POST", "PUT", "PATCH"):
            self._conn.add_field(b"content-length", 14, b"0", 1)
        self._conn.end_head(n)
        self._put_body(body)

    @property
    def expecting_continue(self) -> bool:
        """Neither 100 (Continue) nor an answer has come to a request with `Expect: 100-continue`."""
        return bool(self._conn.expects_continue)
