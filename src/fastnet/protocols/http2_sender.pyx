"""The sending half of an HTTP/2 connection (RFC 9113): answers of many streams into one output buffer.

A head is packed and framed at once. A body goes out as far as the windows of the stream and of the connection let it,
and while not much else waits in the output; the rest waits at its stream. When there is room again, fill() writes the
next frame of the stream whose turn it is (RFC 9218): the most urgent; of equals those that are not incremental, one
after the other, then the incremental ones in turns.

`Stream` is a Connection to the application that answers: the calls and their order are those of HTTP/1.1.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t
from libc.string cimport memchr, memcmp, memcpy

from fastnet.codecs cimport chttp2 as c
from fastnet.codecs.http1_encode cimport put_field
from fastnet.codecs.http2 cimport put_frame_header, put_u32
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport CLOSED, Connection
from fastnet.protocols.http1_sender cimport SEEN_DATE, SEEN_SERVER, are_fixed, same_pairs

cdef extern from "sys/uio.h" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len

cdef enum:
    HIGH_WATER = 65536     # bytes in `out` beyond which bodies wait at their streams, so that priorities count
    DEFAULT_URGENCY = 3
    MOST_IN_FRAME = 16384  # of a body, though the peer might take more: others come to their turn


@cython.final
cdef class Stream(Connection):
    """One request of an HTTP/2 connection, and its answer."""

    cdef int open(self, Multiplexer mux, uint32_t id, long long window, long long room) except -1:
        self.mux, self.id, self.window, self.room = mux, id, window, room
        self.ws, self.out, self.is_server = mux.ws, mux.lines, True
        self.answering = self.sending = self.keep_alive = True
        self.minor_version, self.urgency = 1, DEFAULT_URGENCY
        self._input_due = self._write_due = self.deadline = INFINITY
        return 0

    cdef int give_up_head(self) noexcept:
        if self._building:
            self._building = False
            self.out.rewind(0)
        return 0

    cdef bint repeat_head(self, status, fields) except -1:
        return False

    cdef int remember_head(self, status, fields) except -1:
        if self.status < 200 or type(fields) is not list:
            return 0
        if not are_fixed(<list>fields):
            return 0
        self.mux._head_status, self.mux._head_fields, self.mux._head_block = status, list(fields), None
        self.mux._remembering = True
        return 0

    cdef bint repeat_answer(self, status, fields, bytes body) except -1:
        """The very head as before, whose block is the same as long as the table did not change."""
        cdef Multiplexer mux = self.mux
        cdef Py_ssize_t n = PyBytes_GET_SIZE(body)
        cdef OutBuffer out = mux.out
        if (mux._head_block is None or mux._head_status is not status or mux._head_length != n
                or mux._head_changes != mux.encoder.table.changes or mux.encoder.table.update
                or mux._head_date is not self.ws.date_line or self._building or self.head_sent or not self.answering
                or self.is_head or self.is_connect or not same_pairs(fields, mux._head_fields)):
            return False
        mux.put_frame(c.FN_HTTP2_HEADERS, c.FN_HTTP2_END_HEADERS, self.id, PyBytes_AS_STRING(mux._head_block),
                      PyBytes_GET_SIZE(mux._head_block))
        mux._last_at, mux._last_total = out.used - PyBytes_GET_SIZE(mux._head_block) - c.FN_HTTP2_HEADER, out.total
        mux._last_stream = self.id
        self.head_sent = True
        self.status, self.answer_left, self.answer_bytes = mux._head_code, n, 0
        self.body_forbidden = self.expects_continue = False
        self.send_data(PyBytes_AS_STRING(body), n, body)
        self.send_end(None)
        return True

    cdef int begin_head(self, int status, const char *reason, Py_ssize_t n) except -1:
        if not 100 <= status <= 599:
            raise ValueError(f"status must be from 100 to 599, not {status}")
        self.out.clear()
        return self._start_head(status)

    cdef int end_head(self, long long length) except -1:
        cdef int status = self.status
        cdef Multiplexer mux = self.mux
        cdef OutBuffer out = self.out
        cdef uint32_t changes
        cdef bint update
        cdef Py_ssize_t size
        if status < 200:
            self._building = False
            self.expects_continue = self.expects_continue and status != 100
            return mux.put_block(self, status, False)
        self.switching = False
        self.body_forbidden = self.is_head or status == 204 or status == 304
        length = self._agree_length(length)
        self.answer_left = -1 if self.body_forbidden else length
        if not self._seen & SEEN_DATE and self.ws.date_line:
            out.append(PyBytes_AS_STRING(self.ws.date_line), PyBytes_GET_SIZE(self.ws.date_line))
        if not self._seen & SEEN_SERVER and self.ws.server_line:
            out.append(PyBytes_AS_STRING(self.ws.server_line), PyBytes_GET_SIZE(self.ws.server_line))
        self._building, self.head_sent = False, True
        self.expects_continue = False
        self.answer_bytes = 0
        if not self.aborted:
            changes, update = mux.encoder.table.changes, mux.encoder.table.update
            mux.put_block(self, status, False)
            if mux._remembering and not self._seen and mux._last_total > 0 and not update \
                    and changes == mux.encoder.table.changes:
                # a block of references only, which may be sent again for as long as the table is this one
                size = mux.out.used - mux._last_at - c.FN_HTTP2_HEADER
                mux._head_block = PyBytes_FromStringAndSize(mux.out.block + mux._last_at + c.FN_HTTP2_HEADER, size)
                mux._head_changes, mux._head_code, mux._head_length = changes, status, length
                mux._head_date = self.ws.date_line
        mux._remembering = False
        return 0

    cdef int send_data(self, const char *data, Py_ssize_t n, bytes owner) except -1:
        return self.mux.put_body(self, data, n, owner) if self._count_body(n) else 0

    cdef int send_end(self, list trailers) except -1:
        self._check_end()
        if trailers:
            self.out.clear()
            for name, value in trailers:
                put_field(self.out, PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
            self.end_trailers = trailers
        return self.finish()

    cdef int finish(self) except -1:
        self.ending = True
        self.answering = self.sending = False
        return 0 if self.aborted else self.mux.put_end(self)

    cdef bint congested(self) noexcept:
        return self.body is not None and self.body.total - self.body.sent > STREAM_AHEAD

    cdef bint is_closed(self) noexcept:
        return self.aborted

    cdef int hold(self, bint on) except -1:
        if self.held == on:
            return 0
        self.held = on
        if self.ended_in:
            return 0
        if on:
            self._input_due = INFINITY
        else:
            self.mux.give_back(self)
            self._begin_body()
        return self._set_deadline()

    cdef int _set_deadline(self) noexcept:
        self.deadline = min(self._input_due, self._write_due)
        if self.deadline < self.mux.streams_due:
            self.mux.streams_due = self.deadline
        return 0

    cdef int ask_body(self) except -1:
        if self.expects_continue and not self.head_sent and not self._building and not self.aborted:
            self.out.clear()
            self.mux.put_block(self, 100, False)
        self.expects_continue = False
        return 0

    cdef int fail(self, int status, str text) except -1:
        if self.aborted or not self.answering:
            return CLOSED
        if self.head_sent:
            return self.close(c.FN_HTTP2_INTERNAL_ERROR)
        self._send_text(status, text)
        self.send_end(None)
        return CLOSED

    cdef int abort(self) except -1:
        self.close(c.FN_HTTP2_CANCEL)
        return CLOSED

    cdef int close(self, uint32_t code) except -1:
        if not self.aborted and not (self.ended_in and self.ended_out):
            self.mux.put_number(c.FN_HTTP2_RST_STREAM, self.id, code)
            self.mux.forget(self, True)
            self.mux.drop(self)
        return 0


cdef class Multiplexer(Connection):
    """What goes out of an HTTP/2 connection."""

    cdef int put_frame(self, unsigned char kind, unsigned char flags, uint32_t stream, const char *payload,
                       Py_ssize_t n) except -1:
        cdef char *at = self.out.reserve(c.FN_HTTP2_HEADER + n)
        put_frame_header(at, n, kind, flags, stream)
        if n:
            memcpy(at + c.FN_HTTP2_HEADER, payload, n)
        self.out.commit(c.FN_HTTP2_HEADER + n)
        return 0

    cdef int put_number(self, unsigned char kind, uint32_t stream, uint32_t number) except -1:
        cdef char payload[4]
        put_u32(payload, number)
        return self.put_frame(kind, 0, stream, payload, 4)

    cdef int put_block(self, Stream stream, int status, bint last) except -1:
        """HEADERS of the lines that were collected; of trailers if `status` is 0."""
        cdef OutBuffer out = self.out
        cdef Py_ssize_t at = out.used, n, size
        cdef char *line = self.lines.block
        cdef char *end = self.lines.block + self.lines.used
        cdef char *colon
        cdef char *stop
        cdef char *ch
        cdef char digits[3]
        cdef bytes block
        cdef unsigned char flags = c.FN_HTTP2_END_STREAM if last else 0
        out.reserve(c.FN_HTTP2_HEADER)
        out.commit(c.FN_HTTP2_HEADER)
        self.encoder.begin(out)
        if status:
            digits[0], digits[1], digits[2] = 48 + status // 100, 48 + status // 10 % 10, 48 + status % 10
            self.encoder.put(out, b":status", 7, digits, 3, False)
        while line < end:
            # as put_field() wrote it, which has looked at every byte
            colon = <char *>memchr(line, 58, end - line)
            stop = <char *>memchr(colon, 13, end - colon)
            for n in range(colon - line):
                if 65 <= line[n] <= 90:
                    line[n] |= 32
            n, size = colon - line, stop - colon - 2
            ch = colon + 2
            while size and (ch[0] == 32 or ch[0] == 9):
                ch, size = ch + 1, size - 1
            while size and (ch[size - 1] == 32 or ch[size - 1] == 9):
                size -= 1
            if not (n == 7 and memcmp(line, b"upgrade", 7) == 0) and not (
                    n == 16 and memcmp(line, b"proxy-connection", 16) == 0):
                self.encoder.put(out, line, n, ch, size, False)
            line = stop + 2
        n = out.used - at - c.FN_HTTP2_HEADER
        self._last_at, self._last_total, self._last_stream = at, out.total, stream.id
        if n <= self.max_frame:
            put_frame_header(out.block + at, n, c.FN_HTTP2_HEADERS, flags | c.FN_HTTP2_END_HEADERS, stream.id)
            return 0
        block = PyBytes_FromStringAndSize(out.block + at + c.FN_HTTP2_HEADER, n)
        out.rewind(at)
        self.put_frame(c.FN_HTTP2_HEADERS, flags, stream.id, PyBytes_AS_STRING(block), self.max_frame)
        at = self.max_frame
        while at < n:
            size = min(n - at, <Py_ssize_t>self.max_frame)
            self.put_frame(c.FN_HTTP2_CONTINUATION, c.FN_HTTP2_END_HEADERS if at + size == n else 0, stream.id,
                           PyBytes_AS_STRING(block) + at, size)
            at += size
        self._last_total = -1            # END_STREAM belongs into a HEADERS frame
        return 0

    cdef int put_body(self, Stream stream, const char *data, Py_ssize_t n, bytes owner) except -1:
        cdef Py_ssize_t take = 0
        if not stream.queued:
            take = max(0, min(n, stream.window, self.window, HIGH_WATER - self.out.pending()))
            if take:
                self._put_data(stream, data, take)
            if take == n:
                return 0
        if stream.body is None:
            stream.body = OutBuffer()
        if take == 0 and owner is not None:
            stream.body.append_bytes(owner)
        else:
            stream.body.append(data + take, n - take)
        if not stream.queued:
            stream.queued = True
            self.queue.append(stream)
            stream._write_since, stream._write_window = self.ws.now, 0
            stream._write_progress()
            stream._set_deadline()
        return 0

    cdef int _put_data(self, Stream stream, const char *data, Py_ssize_t n) except -1:
        cdef OutBuffer out = self.out
        cdef Py_ssize_t size
        stream.window -= n
        self.window -= n
        while n:
            size = min(n, <Py_ssize_t>MOST_IN_FRAME)
            self._last_at = out.used
            self.put_frame(c.FN_HTTP2_DATA, 0, stream.id, data, size)
            data += size
            n -= size
        self._last_total, self._last_stream = out.total, stream.id
        return 0

    cdef int put_end(self, Stream stream) except -1:
        return 0 if stream.queued else self._end_stream(stream)

    cdef int _end_stream(self, Stream stream) except -1:
        if stream.end_trailers is not None:
            self.lines.clear()
            for name, value in stream.end_trailers:
                put_field(self.lines, PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
            self.put_block(stream, 0, True)
        elif self._last_stream == stream.id and self._last_total == self.out.total:
            self.out.block[self._last_at + 4] |= c.FN_HTTP2_END_STREAM
        else:
            self.put_frame(c.FN_HTTP2_DATA, c.FN_HTTP2_END_STREAM, stream.id, NULL, 0)
        self._last_total = -1
        stream.ended_out = True
        if stream.ended_in:
            self.forget(stream, False)
        return 0

    cdef Stream _next_of_queue(self):
        cdef Stream stream, best = None
        for stream in self.queue:
            if stream.window > 0 and (best is None or stream.urgency < best.urgency
                                      or (stream.urgency == best.urgency and best.incremental and not stream.incremental)):
                best = stream
        return best

    cdef bint fillable(self) noexcept:
        cdef Stream stream
        if self.window <= 0:
            return False
        for stream in self.queue:
            if stream.window > 0:
                return True
        return False

    cdef int fill(self) except -1:
        cdef Stream stream
        cdef iovec run
        cdef Py_ssize_t n
        while self.queue and self.window > 0 and self.out.pending() < HIGH_WATER:
            stream = self._next_of_queue()
            if stream is None:
                return 0
            stream.body.gather(&run, 1)
            n = min(<Py_ssize_t>run.iov_len, stream.window, self.window, MOST_IN_FRAME)
            self._put_data(stream, <const char *>run.iov_base, n)
            stream.body.advance(n)
            stream._write_window += n
            if stream.body.total == 0:
                self.queue.remove(stream)
                stream.queued = False
                stream.body = None
                stream._write_due = INFINITY
                if stream.ending:
                    self._end_stream(stream)
            else:
                stream._write_progress()
                if stream.incremental:
                    self.queue.remove(stream)
                    self.queue.append(stream)
            stream._set_deadline()
        return 0

    cdef int progress(self, Py_ssize_t n, bint pending) except -1:
        self._last_total = -1             # it may be gone
        if pending:
            return Connection.progress(self, n, True)
        self._write_due = INFINITY
        return 0

    cdef int settle_output(self) except -1:
        self._last_total = -1
        return Connection.settle_output(self)

    cdef int forget(self, Stream stream, bint was_reset) except -1:
        raise NotImplementedError()

    cdef int drop(self, Stream stream) except -1:
        raise NotImplementedError()

    cdef int give_back(self, Stream stream) except -1:
        raise NotImplementedError()
