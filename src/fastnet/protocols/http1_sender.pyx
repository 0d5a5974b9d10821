"""The sending half of an HTTP/1.1 connection: heads and framed bodies into an output buffer (RFC 9112, 4 to 7).

The order of calls is begin_head, add_field for each field, end_head, then send_data any number of times, send_end.
The framing is decided in end_head, from what is known: a Content-Length, chunked, or the end of the connection. A
ValueError from one of the head's calls leaves the output as it was before begin_head; one from send_data or send_end
(a body that does not fit its Content-Length) means that the answer cannot be completed: abort the connection.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from fastnet.codecs.http1_encode cimport put_chunk_size, put_field, put_length, put_request_line, put_status_line
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.workspace cimport Workspace

cdef enum:
    # fields that the app's head has itself
    SEEN_DATE = 1
    SEEN_SERVER = 2


cdef class Sender:
    """Outbound half of a connection; the base of Connection."""

    cdef int attach(self, Workspace ws) except -1:
        if self.ws is not ws:
            if self.out is self.ws.out:
                self.out = ws.out
            self.ws = ws
        return 0

    cdef int sent_elsewhere(self, long long n) except -1:
        if self.answer_left >= 0:
            self.answer_left -= n
        self.answer_bytes += n
        return 0

    cdef int begin_head(self, int status, const char *reason, Py_ssize_t n) except -1:
        if not self.answering or self.head_sent:
            raise RuntimeError("no answer is due: its head was sent already, or there is no request")
        if self._building:
            self.out.rewind(self._mark)      # a head that was given up half-way
        self._building, self._mark = True, self.out.used
        self._seen, self._length = 0, -1
        self.status = status
        put_status_line(self.out, status, reason, n)
        return 0

    cdef int begin_request(self, str method, str target) except -1:
        if self.answering:
            raise RuntimeError("the answer to the request before is not complete")
        self._mark = self.out.used
        self._seen, self._length = SEEN_DATE | SEEN_SERVER, -1
        self.status = 0
        put_request_line(self.out, method, target)
        self.is_head, self.is_connect = method == "HEAD", method == "CONNECT"
        self.keep_alive = True
        return 0

    cdef int add_field(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t value_len) except -1:
        if name_len == 4 and is_name(name, b"date", 4):
            self._seen |= SEEN_DATE
        elif name_len == 6 and is_name(name, b"server", 6):
            self._seen |= SEEN_SERVER
        elif name_len == 10 and is_name(name, b"connection", 10):
            if value_len == 5 and is_name(value, b"close", 5):
                self.keep_alive = False
            if self.status and self.status != 101:
                return 0
        elif name_len == 10 and is_name(name, b"keep-alive", 10):
            return 0
        elif name_len == 14 and is_name(name, b"content-length", 14):
            return self._take_length(value, value_len)
        elif name_len == 17 and is_name(name, b"transfer-encoding", 17):
            if value_len == 7 and is_name(value, b"chunked", 7):
                return 0         # the framing is this connection's own choice
            raise ValueError(f"transfer-encoding {value[:value_len]!r} cannot be sent; leave it out, chunked is automatic")
        try:
            put_field(self.out, name, name_len, value, value_len)
        except ValueError:
            self.out.rewind(self._mark)
            raise
        return 0

    cdef int _take_length(self, const char *value, Py_ssize_t n) except -1:
        cdef long long length = 0
        cdef Py_ssize_t i
        if not 1 <= n <= 18:
            n = -1
        for i in range(n):
            if not 48 <= value[i] <= 57:
                n = -1
                break
            length = length * 10 + value[i] - 48
        if n < 0 or (self._length >= 0 and self._length != length):
            self.out.rewind(self._mark)
            raise ValueError("content-length must be one number of at most 18 digits")
        self._length = length
        return 0

    cdef int end_head(self, long long length) except -1:
        cdef int status = self.status
        self._building = False
        cdef OutBuffer out = self.out
        cdef Workspace ws = self.ws
        if status == 0:
            return self._end_request(length)
        if status < 200 and status != 101:
            out.append(b"\r\n", 2)       # interim: the final head is still to come
            return 0
        self.body_forbidden = self.is_head or status == 204 or status == 304 or status == 101
        self.sent_chunked = False
        if length >= 0 and self._length >= 0 and length != self._length and not self.body_forbidden:
            out.rewind(self._mark)
            raise ValueError(f"the answer has content-length {self._length}, but its body has {length} bytes")
        if self._length >= 0:
            length = self._length
        if status == 204 or status == 101:
            length = -1
        elif length >= 0:
            if status != 304 or self._length >= 0:
                put_length(out, length)
        elif not self.body_forbidden:
            if self.minor_version == 1:
                self.sent_chunked = True
                out.append(b"transfer-encoding: chunked\r\n", 28)
            else:
                self.keep_alive = False
        self.answer_left = -1 if self.body_forbidden or self.sent_chunked else length
        if self.expects_continue or self.eof or ws.draining or (self.is_connect and status < 300):
            self.keep_alive = False
        if status == 101:
            pass
        elif not self.keep_alive:
            out.append(b"connection: close\r\n", 19)
        elif self.minor_version == 0:
            out.append(b"connection: keep-alive\r\n", 24)
        if not self._seen & SEEN_DATE:
            out.append(PyBytes_AS_STRING(ws.date_line), PyBytes_GET_SIZE(ws.date_line))
        if not self._seen & SEEN_SERVER:
            out.append(PyBytes_AS_STRING(ws.server_line), PyBytes_GET_SIZE(ws.server_line))
        out.append(b"\r\n", 2)
        self.head_sent = True
        self.expects_continue = False
        return 0

    cdef int _end_request(self, long long length) except -1:
        if length < 0:
            length = self._length
        self.body_forbidden, self.sent_chunked = False, length < 0
        self.answer_left = length
        if self.sent_chunked:
            self.out.append(b"transfer-encoding: chunked\r\n", 28)
        elif length > 0 or self._length >= 0:
            put_length(self.out, length)
        self.out.append(b"\r\n", 2)
        self.answering, self.head_sent, self.answer_bytes = True, True, 0
        return 0

    cdef int send_data(self, const char *data, Py_ssize_t n, bytes owner) except -1:
        cdef OutBuffer out = self.out
        if n == 0 or self.body_forbidden:
            return 0
        if self.answer_left >= 0:
            if n > self.answer_left:
                raise ValueError(f"body longer than its content-length: {n - self.answer_left} bytes too many")
            self.answer_left -= n
        self.answer_bytes += n
        if self.sent_chunked:
            put_chunk_size(out, n)
        if owner is not None:
            out.append_bytes(owner)
        else:
            out.append(data, n)
        if self.sent_chunked:
            out.append(b"\r\n", 2)
        return 0

    cdef int send_end(self, list trailers) except -1:
        cdef OutBuffer out = self.out
        cdef bytes name, value
        if self.answer_left > 0:
            raise ValueError(f"body shorter than its content-length: {self.answer_left} bytes are missing")
        if self.sent_chunked:
            out.append(b"0\r\n", 3)
            if trailers:
                for name, value in trailers:
                    put_field(out, PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
            out.append(b"\r\n", 2)
        return self.sent_end()

    cdef int sent_end(self) except -1:
        raise NotImplementedError()

    cdef bint congested(self) noexcept:
        return self.out.total - self.out.sent > self.ws.settings.max_output

    cdef int settle_output(self) except -1:
        cdef OutBuffer shared = self.ws.out
        if self.out is shared:
            if shared.total > 0:
                self.ws.out = OutBuffer()          # keep the buffer with what is unsent in it
        elif self.out.total == 0:
            self.out = shared
        return 0


cdef inline bint is_name(const char *name, const char *lower, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if (name[i] | 32) != lower[i]:
            return False
    return True
