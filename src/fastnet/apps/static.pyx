"""Files in front of an app: a GET or HEAD that names one is answered by the kernel (sendfile), all else by the app.

Which file, and which parts of it, is fastnet.apps.static_files's to say. Where the driver cannot have the kernel send
(TLS, asyncio's transports), the file is read in blocks as the client takes them.
"""

import logging
import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.codecs.http1 cimport Request

cdef enum:
    BLOCK = 65536

logger = logging.getLogger("fastnet")


@cython.final
cdef class StaticApp(App):
    """`files`, a StaticFiles, in front of the app `inner`."""

    def __init__(self, App inner not None, files):
        self._inner, self._files = inner, files
        self._prefixes = [prefix.encode() for prefix in files.prefixes]

    cdef Exchange open(self, Carrier carrier):
        cdef Request request = carrier.conn.request
        cdef StaticExchange exchange
        answer = None
        if self._is_under(request) and request.method_str() in ("GET", "HEAD"):
            answer = self._files.answer(request)
        if answer is None:
            return self._inner.open(carrier)
        exchange = StaticExchange.__new__(StaticExchange)
        exchange.carrier = carrier
        exchange._answer, exchange._fd = answer, answer.fd
        return exchange

    cdef bint _is_under(self, Request request) except -1:
        """Whether a request's target is under a path where there are files."""
        cdef const char *target = request.buf + request.head.target
        cdef bytes prefix
        for prefix in self._prefixes:
            if (request.head.target_len >= PyBytes_GET_SIZE(prefix)
                    and memcmp(target, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix)) == 0):
                return True
        return False

    cdef int end_turn(self) except -1:
        return self._inner.end_turn()


@cython.final
cdef class StaticExchange(Exchange):
    """One request for a file, and its answer."""

    def __cinit__(self):
        self._fd = -1

    def __dealloc__(self):
        if self._fd >= 0:
            os.close(self._fd)

    cdef int start(self) except -1:
        self.carrier.conn.ask_body()     # which nobody reads
        return 0

    cdef int end(self) except -1:
        cdef bytes raw_name, raw_value
        conn = self.carrier.conn
        conn.begin_head(self._answer.status, NULL, 0)
        for name, value in self._answer.fields:
            raw_name, raw_value = name.encode(), value.encode("ascii")
            conn.add_field(PyBytes_AS_STRING(raw_name), PyBytes_GET_SIZE(raw_name),
                           PyBytes_AS_STRING(raw_value), PyBytes_GET_SIZE(raw_value))
        conn.end_head(self._answer.length)
        self._parts = [] if conn.is_head else self._answer.parts[::-1]
        return self._go_on()

    cdef int drained(self) except -1:
        return self._go_on()

    cdef int lost(self) except -1:
        return self._close()

    cdef int _go_on(self) except -1:
        cdef bytes block
        cdef Carrier carrier = self.carrier
        while not carrier.conn.aborted:
            if self._left == 0:
                if not self._parts:
                    carrier.conn.send_end(None)
                    return self._close()
                self._next_part()
                if self.waiting:
                    return 0
                continue
            block = os.pread(self._fd, min(self._left, <long long>BLOCK), self._at)
            if not block:
                logger.error("a file became shorter while it was sent: the connection is dropped")
                carrier.cut_answer()
                return 0
            self._at += PyBytes_GET_SIZE(block)
            self._left -= PyBytes_GET_SIZE(block)
            carrier.conn.send_data(PyBytes_AS_STRING(block), PyBytes_GET_SIZE(block), block)
            if carrier.congested() or carrier.share_over():
                self.waiting = True
                return 0
        return 0

    cdef int _next_part(self) except -1:
        cdef bytes text
        part = self._parts.pop()
        if type(part) is bytes:
            text = part
            self.carrier.conn.send_data(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), text)
            return 0
        self._at, self._left = part
        if self._left > 0 and self.carrier.sends_files():
            self.waiting = True
            self.carrier.send_file(self._fd, self._at, self._left)
            self._left = 0
        return 0

    cdef int _close(self) except -1:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
        return 0
