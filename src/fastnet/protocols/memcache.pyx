"""Connections of memcached's text protocol, without I/O: a server's and a client's.

A server's connection gives Requests, to be answered in order with send(); a subclass, compiled, answers them where they
lie. Requests are read as answers go: while more than `max_output_bytes` wait to be taken, it is PAUSED, so that a client
that asks and never reads costs a bounded amount of memory. A request that has begun must be complete in time.

A client's connection is told with each request what shape its reply has, and gives whole replies in their order: one
event for all values of a get.
"""

from collections import deque

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY
from libc.string cimport memcmp

from fastnet.codecs.cmemcache cimport (FN_MEMCACHE_CLIENT_ERROR, FN_MEMCACHE_END, FN_MEMCACHE_ERROR,
                                       FN_MEMCACHE_QUIT, FN_MEMCACHE_SERVER_ERROR, FN_MEMCACHE_STAT,
                                       FN_MEMCACHE_VALUE, fn_memcache_reply, fn_memcache_request)
from fastnet.codecs.memcache cimport ReplyDecoder, RequestDecoder, checked_key, key_bytes, reply_of, request_of
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.base cimport Protocol

from fastnet.codecs.memcache import encode_get
from fastnet.errors import ConfigError, FastnetError, IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED

VALUES, LINE, STATS = "values", "line", "stats"


class ServerRefused(FastnetError):
    """The server answered ERROR, CLIENT_ERROR or SERVER_ERROR: its text. The connection goes on."""


cdef class ServerConnection(Protocol):
    """A server's side of a connection."""

    def __init__(self, *, max_key_bytes=250, max_value_bytes=1 << 20, max_line_bytes=65536, max_output_bytes=1 << 18,
                 request_timeout_s=30.0, idle_timeout_s=0.0):
        self.decoder = RequestDecoder(max_key_bytes=max_key_bytes, max_value_bytes=max_value_bytes,
                                      max_line_bytes=max_line_bytes)
        for option, value, least in (("max_output_bytes", max_output_bytes, 1),
                                     ("request_timeout_s", request_timeout_s, 0), ("idle_timeout_s", idle_timeout_s, 0)):
            if not isinstance(value, int | float) or not least <= value < INFINITY:
                raise ConfigError(option, value, f"a number, at least {least}")
        self.max_output_bytes = max_output_bytes
        self.request_timeout_s, self.idle_timeout_s = request_timeout_s or INFINITY, idle_timeout_s or INFINITY
        self.due = INFINITY
        self.out = OutBuffer()

    cpdef connection_made(self):
        self.due = self.now + self.idle_timeout_s

    cpdef receive_data(self, data):
        cdef bytes raw = data if type(data) is bytes else bytes(data)
        cdef bint begins = self.decoder.left == 0
        self.decoder.put(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
        self.lent = raw
        if begins:
            self.due = self.now + self.request_timeout_s

    cpdef receive_eof(self):
        if self.decoder.left:
            raise IncompleteFrame(self.decoder.left, self.decoder.state.needed or None)
        self.close()

    cdef bint answer(self, const char *message, const fn_memcache_request *request) except -1:
        return False

    cpdef next_event(self):
        cdef fn_memcache_request request
        cdef int found
        while not self.closing:
            if self.out.total + self.queued_bytes >= self.max_output_bytes:
                self._flush()
                self.decoder.settle()
                self.lent = None
                return PAUSED
            found = self.decoder.next(&request)
            if found == 1:
                if request.verb == FN_MEMCACHE_QUIT:
                    self.close()
                elif not self.answer(self.decoder.message, &request):
                    self._flush()
                    return request_of(self.decoder.message, &request)
            elif found == 0:
                break
            else:
                self._flush()
                raise self.decoder._error()
        self._flush()
        self.decoder.settle()
        self.lent = None
        if self.decoder.left == 0:
            self.due = self.now + self.idle_timeout_s
        return NEED_DATA

    cdef int _flush(self) except -1:
        if self.out.total:
            for piece in self.out.take():
                self.write(piece)
        return 0

    cpdef fail(self, error):
        if isinstance(error, IncompleteFrame):
            return None
        if isinstance(error, ProtocolError):
            self.write(b"CLIENT_ERROR " + str(error).encode() + b"\r\n")
        else:
            self.write(b"SERVER_ERROR the request could not be answered\r\n")
        return None

    cpdef next_timeout(self):
        return None if self.due == INFINITY else max(0.0, self.due - self.now)

    cpdef handle_timeout(self, double now):
        self.now = now
        if now >= self.due:
            self.abort()


@cython.final
cdef class Values:
    """What a get found."""

    def __cinit__(self):
        self.values, self.flags, self.cas = {}, {}, {}

    def __len__(self):
        return len(self.values)


cdef class ClientConnection(Protocol):
    """A client's side of a connection."""

    def __init__(self, *, max_value_bytes=1 << 26, max_line_bytes=65536, max_reply_bytes=1 << 28):
        if not isinstance(max_reply_bytes, int) or max_reply_bytes < 1:
            raise ConfigError("max_reply_bytes", max_reply_bytes, "a number of bytes, at least 1")
        self.max_reply_bytes = max_reply_bytes
        self.decoder = ReplyDecoder(max_value_bytes=max_value_bytes, max_line_bytes=max_line_bytes)
        self.shapes = deque()

    def request(self, data, shape=LINE):
        if shape not in (VALUES, LINE, STATS):
            raise ValueError(f"{shape!r:.50}: the shape of a reply is {VALUES!r}, {LINE!r} or {STATS!r}")
        self.shapes.append(shape)
        self.write(data)

    def request_values(self, keys, verb="get", exptime=0):
        cdef list asked = list(keys)
        self.write(encode_get(asked, verb, exptime))
        self.shapes.append(asked)

    cpdef send(self, event):
        data, shape = event
        self.request(data, shape)

    @property
    def due(self):
        return len(self.shapes)

    cpdef receive_data(self, data):
        cdef bytes raw = data if type(data) is bytes else bytes(data)
        self.decoder.put(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
        self.lent = raw

    cpdef receive_eof(self):
        if self.decoder.left:
            raise IncompleteFrame(self.decoder.left, self.decoder.state.needed or None)
        if self.shapes:
            raise ProtocolError(f"the server closed the connection while {len(self.shapes)} replies were due", 502)
        self.close()

    cpdef next_event(self):
        event = self._read()
        if event is NEED_DATA:
            self.decoder.settle()
            self.lent = None
        return event

    cdef int _done(self) except -1:
        """The reply that was read is whole."""
        self.shapes.popleft()
        self.values = self.stats = self.asked = None
        self.reply_bytes = self.asked_at = 0
        return 0

    cdef object _name(self, list asked, const char *key, size_t n):
        """Which of the keys that were asked for this is, as it was given then."""
        cdef Py_ssize_t size
        cdef const char *p
        while self.asked_at < len(asked):        # servers answer in order
            name = asked[self.asked_at]
            self.asked_at += 1
            p = key_bytes(name, &size)
            if <size_t>size == n and memcmp(p, key, n) == 0:
                return name
        if self.asked is None:                   # but what stands between may not
            self.asked = {checked_key(name): name for name in asked}
        name = self.asked.get(PyBytes_FromStringAndSize(key, n))
        if name is None:
            raise ProtocolError("the server sent a key that was not asked for", 502)
        return name

    cdef object _read(self):
        cdef fn_memcache_reply reply
        cdef const char *p
        cdef int found
        while True:
            found = self.decoder.next(&reply)
            if found == 0:
                return NEED_DATA
            if found < 0:
                raise self.decoder._error()
            if not self.shapes:
                raise ProtocolError("the server sent a reply to no request", 502)
            p = self.decoder.message
            shape = self.shapes[0]
            if FN_MEMCACHE_ERROR <= reply.kind <= FN_MEMCACHE_SERVER_ERROR:
                self._done()
                return ServerRefused(PyBytes_FromStringAndSize(p, reply.line_end).decode("utf-8", "replace"))
            if shape is LINE:
                self._done()
                return reply_of(p, &reply)
            self.reply_bytes += self.decoder.cur - p
            if self.reply_bytes > self.max_reply_bytes:
                raise LimitExceeded(f"a reply is longer than the limit of {self.max_reply_bytes} bytes", 502)
            if shape is STATS:
                if self.stats is None:
                    self.stats = {}
                if reply.kind != FN_MEMCACHE_STAT:       # END, or RESET
                    event = self.stats
                    self._done()
                    return event
                self.stats[PyBytes_FromStringAndSize(p + reply.key, reply.key_len)] = \
                    PyBytes_FromStringAndSize(p + reply.more, reply.line_end - reply.more)
                continue
            if self.values is None:
                self.values = Values.__new__(Values)
            if reply.kind == FN_MEMCACHE_END:
                event = self.values
                self._done()
                return event
            if reply.kind != FN_MEMCACHE_VALUE:
                raise ProtocolError("the server answered a get with something else", 502)
            if shape is VALUES:
                key = PyBytes_FromStringAndSize(p + reply.key, reply.key_len)
            else:
                key = self._name(<list>shape, p + reply.key, reply.key_len)
            self.values.values[key] = PyBytes_FromStringAndSize(p + reply.value, reply.value_len)
            if reply.client_flags:
                self.values.flags[key] = reply.client_flags
            if reply.has_number:
                self.values.cas[key] = reply.number
