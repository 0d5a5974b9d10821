"""The sending half of an HTTP/1.1 connection: heads and framed bodies into an output buffer (RFC 9112, 4 to 7).

The order of calls is begin_head, add_field for each field, end_head, then send_data any number of times, send_end.
The framing is decided in end_head, from what is known: a Content-Length, chunked, or the end of the connection. A
ValueError from one of the head's calls leaves the output as it was before begin_head; one from send_data or send_end
(a body that does not fit its Content-Length) means that the answer cannot be completed: abort the connection.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memcmp

from fastnet.codecs.http1_encode cimport put_chunk_size, put_field, put_length, put_request_line, put_status_line
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.workspace cimport Workspace

cdef extern from "Python.h":
    # borrowed, all of them
    PyObject *PyList_GET_ITEM(object o, Py_ssize_t i)
    PyObject *PyTuple_GET_ITEM(PyObject *o, Py_ssize_t i)
    Py_ssize_t PyTuple_GET_SIZE(PyObject *o)
    bint PyTuple_CheckExact(PyObject *o)
    bint PyUnicode_CheckExact(PyObject *o)
    int PyUnicode_Compare(PyObject *a, PyObject *b) except? -1

cdef enum:
    ALWAYS_REMEMBERED = 8      # heads in a row, each unlike the one before; of further ones every
    REMEMBERED_EVERY = 16

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

    cdef bint repeat_head(self, status, fields) except -1:
        cdef Workspace ws = self.ws
        if not self._is_remembered(status, fields):
            return False
        self._start_head(ws.head_code)
        self._length, self._repeats = ws.head_length, True
        return True

    cdef bint repeat_answer(self, status, fields, bytes body) except -1:
        cdef Workspace ws = self.ws
        cdef Py_ssize_t n = PyBytes_GET_SIZE(body)
        if (ws.head_whole is None or ws.head_body != n or ws.head_date is not ws.date_line or self._building
                or self.head_sent or not self.answering or not self._is_plain()
                or not self._is_remembered(status, fields)):
            return False
        self.out.append(PyBytes_AS_STRING(ws.head_whole), PyBytes_GET_SIZE(ws.head_whole))
        self.out.append_bytes(body)
        self.status, self.answer_bytes, self.answer_left = ws.head_code, n, 0
        self.switching = self.body_forbidden = self.sent_chunked = False
        self.head_sent = True
        self.sent_end()
        return True

    cdef bint _is_remembered(self, status, fields) except -1:
        cdef Workspace ws = self.ws
        if ws.head_status is not status or ws.head_fields is None or not same_pairs(fields, ws.head_fields):
            return False
        ws.head_misses = 0
        return True

    cdef int remember_head(self, status, fields) except -1:
        cdef Workspace ws = self.ws
        if self._seen or not self.keep_alive or self.status < 200 or type(fields) is not list:
            return 0                     # some of its lines were for the connection itself
        ws.head_misses += 1
        if ws.head_misses > ALWAYS_REMEMBERED and ws.head_misses % REMEMBERED_EVERY:
            return 0                     # heads that all differ are not worth it
        if not are_fixed(<list>fields):
            return 0
        ws.head_status, ws.head_fields = status, list(fields)
        ws.head_code, ws.head_length, ws.head_whole = self.status, self._length, None
        ws.head_lines = PyBytes_FromStringAndSize(self.out.block + self._mark, self.out.used - self._mark)
        return 0

    cdef bint _is_plain(self) noexcept:
        """Nothing of this exchange shows in a head that has a length."""
        return (self.keep_alive and self.minor_version == 1 and not (self.is_head or self.is_connect)
                and not (self.expects_continue or self.ws.draining or (self.eof and self._left == 0)))

    cdef int begin_head(self, int status, const char *reason, Py_ssize_t n) except -1:
        self._start_head(status)
        try:
            put_status_line(self.out, status, reason, n)
        except ValueError:
            self._building = False
            raise
        return 0

    cdef int _start_head(self, int status) except -1:
        if not self.answering or self.head_sent:
            raise RuntimeError("no answer is due: its head was sent already, or there is no request")
        if self._building:
            self.give_up_head()
        if status == 101 and not self.wants_upgrade:
            raise ValueError("status 101 answers only a request that asked for an upgrade")
        self._building, self._repeats, self._mark = True, False, self.out.used
        self._seen, self._length = 0, -1
        self.status = status
        return 0

    cdef int begin_request(self, str method, str target) except -1:
        if self.answering or self.sending:
            raise RuntimeError("the request before, or its answer, is not complete")
        self.give_up_head()
        self._building, self._mark = True, self.out.used
        self._seen, self._length = SEEN_DATE | SEEN_SERVER, -1
        self.status = 0
        try:
            put_request_line(self.out, method, target)
        except ValueError:
            self._building = False
            raise
        self.is_head, self.is_connect = method == "HEAD", method == "CONNECT"
        self.keep_alive, self.expects_continue = True, False
        return 0

    cdef int give_up_head(self) noexcept:
        if self._building:
            self._building = False
            self.out.rewind(self._mark)
        return 0

    cdef int add_field(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t value_len) except -1:
        if name_len == 4 and is_name(name, b"date", 4):
            self._seen |= SEEN_DATE
        elif name_len == 6 and is_name(name, b"server", 6):
            self._seen |= SEEN_SERVER
        elif name_len == 7 and is_name(name, b"upgrade", 7):
            self._seen |= SEEN_UPGRADE
        elif name_len == 10 and is_name(name, b"connection", 10):
            if has_close(value, value_len):
                self.keep_alive = False
            if self.status:
                return 0
        elif name_len == 10 and is_name(name, b"keep-alive", 10):
            return 0
        elif name_len == 14 and is_name(name, b"content-length", 14):
            return self._take_length(value, value_len)
        elif name_len == 6 and self.status == 0 and is_name(name, b"expect", 6):
            self.expects_continue = True
        elif name_len == 17 and is_name(name, b"transfer-encoding", 17):
            if value_len == 7 and is_name(value, b"chunked", 7):
                return 0         # the framing is this connection's own choice
            self.give_up_head()
            raise ValueError(f"transfer-encoding {value[:value_len]!r} cannot be sent; leave it out, chunked is automatic")
        try:
            put_field(self.out, name, name_len, value, value_len)
        except ValueError:
            self.give_up_head()
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
            self.give_up_head()
            raise ValueError("content-length must be one number of at most 18 digits")
        self._length = length
        return 0

    cdef int end_head(self, long long length) except -1:
        cdef int status = self.status
        cdef OutBuffer out = self.out
        cdef Workspace ws = self.ws
        cdef bint keeps = False
        if status == 0:
            return self._end_request(length)
        if self._repeats:
            keeps = self._is_plain()
            if keeps and ws.head_whole is not None and ws.head_date is ws.date_line and ws.head_body == length:
                out.append(PyBytes_AS_STRING(ws.head_whole), PyBytes_GET_SIZE(ws.head_whole))
                self.answer_left = max(length, ws.head_length)
                self.switching = self.body_forbidden = self.sent_chunked = self._building = False
                self.head_sent = True
                return 0
            out.append(PyBytes_AS_STRING(ws.head_lines), PyBytes_GET_SIZE(ws.head_lines))
        if status < 200 and status != 101:
            # interim: the final head is still to come; a 1.0 client would take this one for it
            if self.minor_version == 0:
                self.give_up_head()
            else:
                out.append(b"\r\n", 2)
                self._building = False
                self.expects_continue = self.expects_continue and status != 100
            return 0
        self.switching = status == 101 or (self.is_connect and status < 300)
        self.body_forbidden = self.is_head or status == 204 or status == 304 or self.switching
        self.sent_chunked = False
        length = self._agree_length(length)
        if length < 0 and not self.body_forbidden:
            if self.minor_version == 1:
                self.sent_chunked = True
                out.append(b"transfer-encoding: chunked\r\n", 28)
            else:
                self.keep_alive = False
        self.answer_left = -1 if self.body_forbidden or self.sent_chunked else length
        if self.expects_continue or ws.draining or (self.eof and self._left == 0):
            self.keep_alive = False
        if self.switching:
            self.keep_alive = False
            if status == 101:
                out.append(b"connection: upgrade\r\n", 21)
        elif not self.keep_alive:
            out.append(b"connection: close\r\n", 19)
        elif self.minor_version == 0:
            out.append(b"connection: keep-alive\r\n", 24)
        if not self._seen & SEEN_DATE:
            out.append(PyBytes_AS_STRING(ws.date_line), PyBytes_GET_SIZE(ws.date_line))
        if not self._seen & SEEN_SERVER:
            out.append(PyBytes_AS_STRING(ws.server_line), PyBytes_GET_SIZE(ws.server_line))
        out.append(b"\r\n", 2)
        self._building, self.head_sent = False, True
        self.expects_continue = False
        if keeps and self.answer_left >= 0 and self._repeats:
            ws.head_whole = PyBytes_FromStringAndSize(out.block + self._mark, out.used - self._mark)
            ws.head_date, ws.head_body = ws.date_line, length
        return 0

    cdef long long _agree_length(self, long long length) except -2:
        """Content-Length is written, too, where the answer has it."""
        cdef int status = self.status
        if length >= 0 and self._length >= 0 and length != self._length and not self.body_forbidden:
            self.give_up_head()
            raise ValueError(f"the answer has content-length {self._length}, but its body has {length} bytes")
        if self._length >= 0:
            length = self._length
        if status == 204 or status == 101 or (self.is_connect and status < 300):
            return -1
        if length >= 0 and (status != 304 or self._length >= 0):
            put_length(self.out, length)
        return length

    cdef int _end_request(self, long long length) except -1:
        if length < 0:
            length = self._length
        elif self._length >= 0 and length != self._length:
            self.give_up_head()
            raise ValueError(f"the request has content-length {self._length}, but its body has {length} bytes")
        self.wants_upgrade = self._seen & SEEN_UPGRADE != 0
        self.body_forbidden, self.sent_chunked = False, length < 0
        self.answer_left = length
        if self.sent_chunked:
            self.out.append(b"transfer-encoding: chunked\r\n", 28)
        elif length > 0 or self._length >= 0:
            put_length(self.out, length)
        self.out.append(b"\r\n", 2)
        self.answering = self.sending = self.head_sent = True
        self._building = False
        self.answer_bytes = 0
        return 0

    cdef bint _count_body(self, Py_ssize_t n) except -1:
        if not (self.head_sent and self.sending):
            raise RuntimeError("no body is due: its head was not sent, or it is complete")
        if n == 0 or self.body_forbidden:
            return False
        if self.answer_left >= 0:
            if n > self.answer_left:
                raise ValueError(f"body longer than its content-length: {n - self.answer_left} bytes too many")
            self.answer_left -= n
        if self.aborted:
            return False
        self.answer_bytes += n
        return True

    cdef int send_data(self, const char *data, Py_ssize_t n, bytes owner) except -1:
        cdef OutBuffer out = self.out
        if not self._count_body(n):
            return 0
        if self.sent_chunked:
            put_chunk_size(out, n)
        if owner is not None:
            out.append_bytes(owner)
        else:
            out.append(data, n)
        if self.sent_chunked:
            out.append(b"\r\n", 2)
        return 0

    cdef int _check_end(self) except -1:
        if not (self.head_sent and self.sending):
            raise RuntimeError("no end is due: the head was not sent, or the message is complete")
        if self.answer_left > 0:
            raise ValueError(f"body shorter than its content-length: {self.answer_left} bytes are missing")
        return 0

    cdef int send_end(self, list trailers) except -1:
        cdef OutBuffer out = self.out
        cdef Py_ssize_t mark = out.used
        self._check_end()
        if self.sent_chunked:
            out.append(b"0\r\n", 3)
            if trailers:
                try:
                    put_trailers(out, trailers)
                except BaseException:
                    out.rewind(mark)
                    raise
            out.append(b"\r\n", 2)
        return self.sent_end()

    cdef int sent_end(self) except -1:
        raise NotImplementedError()

    cdef int _send_text(self, int status, str text) except -1:
        cdef bytes body = text.encode("utf-8", "replace") + b"\n"
        self.begin_head(status, NULL, 0)
        self.add_field(b"content-type", 12, b"text/plain; charset=utf-8", 25)
        self.end_head(PyBytes_GET_SIZE(body))
        return self.send_data(PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body), body)

    cdef bint is_cut(self) noexcept:
        # with neither a length nor chunks, closing is how an answer ends (RFC 9112, section 8)
        return (self.answering and self.head_sent and self.answer_left < 0
                and not (self.sent_chunked or self.body_forbidden))

    cdef bint congested(self) noexcept:
        return self.out.total - self.out.sent > self.ws.settings.max_output

    cdef int settle_output(self) except -1:
        cdef OutBuffer shared = self.ws.out
        if self.out is shared:
            if shared.total > 0:
                # Other connections refer to the shared object, so what is unsent leaves it, not they.
                self.out = OutBuffer()
                self.out.swap(shared)
        elif self.out.total == 0:
            self.out = shared
        return 0


cdef int put_trailers(OutBuffer out, list trailers) except -1:
    """Fields after a chunked body; ValueError for one that may not stand there (RFC 9110, section 6.5.1)."""
    cdef bytes name, value
    for name, value in trailers:
        if name.lower() in (b"transfer-encoding", b"content-length", b"host", b"trailer", b"connection"):
            raise ValueError(f"{name.decode('latin-1')} cannot be sent as a trailer")
        put_field(out, PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
    return 0


cdef bint has_close(const char *value, Py_ssize_t n) noexcept nogil:
    """Whether a Connection field lists the option close."""
    cdef Py_ssize_t start = 0, end, i
    for i in range(n + 1):
        if i == n or value[i] == 44:
            end = i
            while start < end and value[start] in b" \t":
                start += 1
            while start < end and value[end - 1] in b" \t":
                end -= 1
            if end - start == 5 and is_name(value + start, b"close", 5):
                return True
            start = i + 1
    return False


cdef inline bint is_name(const char *name, const char *lower, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if (name[i] | 32) != lower[i]:
            return False
    return True


cdef bint same_pairs(fields, list known) except -1:
    """Whether header fields are a list, and those that are remembered."""
    cdef Py_ssize_t i
    if type(fields) is not list or len(<list>fields) != len(known):
        return False
    for i in range(len(known)):
        if not same_pair(PyList_GET_ITEM(fields, i), PyList_GET_ITEM(known, i)):
            return False
    return True


cdef bint are_fixed(list fields) except -1:
    """Whether header fields are pairs that nobody can change."""
    for pair in fields:
        if type(pair) is not tuple or len(<tuple>pair) != 2:
            return False
        name, value = <tuple>pair
        if type(name) not in (str, bytes) or type(value) not in (str, bytes):
            return False
    return True


cdef bint same_pair(PyObject *pair, PyObject *known) except -1:
    """Whether a header field is the one that is remembered: of the same objects, or of str or bytes that are equal."""
    cdef PyObject *a
    cdef PyObject *b
    cdef int i
    if pair == known:
        return True
    if not PyTuple_CheckExact(pair) or PyTuple_GET_SIZE(pair) != 2:
        return False
    for i in range(2):
        a, b = PyTuple_GET_ITEM(pair, i), PyTuple_GET_ITEM(known, i)
        if a == b:
            continue
        if PyBytes_CheckExact(<object>a) and PyBytes_CheckExact(<object>b):
            if (PyBytes_GET_SIZE(<object>a) != PyBytes_GET_SIZE(<object>b)
                    or memcmp(PyBytes_AS_STRING(<object>a), PyBytes_AS_STRING(<object>b), PyBytes_GET_SIZE(<object>a))):
                return False
        elif not (PyUnicode_CheckExact(a) and PyUnicode_CheckExact(b)) or PyUnicode_Compare(a, b) != 0:
            return False
    return True
