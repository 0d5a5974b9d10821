"""One side of one HTTP/1.1 connection (RFC 9112), without I/O: bytes in, events out; answers in, bytes out.

Events are pulled. `next` yields nothing of the next pipelined request until the answer to this one is complete and
what is queued is not too much, so backpressure needs no code of its own: who does not pull is not fed, and who is
PAUSED does not read. Input is lent for one turn and only what was not consumed is copied. Time is data: `deadline`
says when `timeout` is due, from the clock value that the driver stored in the workspace; every slow-client rule
stands under "time" below.

This is the C face (http1.pxd); ServerConnection and ClientConnection in fastnet.protocols.http1_events are the Python
one. What is sent is framed by the base class, in http1_sender.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport INFINITY
from libc.string cimport memcmp, memcpy, memmove, memset

from fastnet.codecs cimport chttp1 as c
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head
from fastnet.codecs.http1 cimport Request, Response, decode_chunked, field_list, make_error, parse_trailer_section
from fastnet.codecs.http2 cimport is_preface
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1_sender cimport Sender
from fastnet.protocols.workspace cimport Workspace, free_partial, new_partial, slow_after

from fastnet.errors import ProtocolError

cdef enum:
    # what is being received
    IN_HEAD, IN_LENGTH, IN_CHUNKED, IN_TRAILERS, IN_UNTIL_EOF, IN_END, IN_DONE, IN_UPGRADED, IN_CLOSED

cdef enum:
    MAX_DISCARD = 65536        # body bytes read and dropped to keep a connection whose request was answered early
    KEEP_ROOM = 4096           # the smallest buffer for input that was not consumed; it is given back when empty


cdef class Connection(Sender):
    """State of one connection. Pull events with next(); see the module's docstring and http1.pxd."""

    def __init__(self, Workspace workspace not None, bint server=True):
        self.ws = workspace
        self.is_server = server
        self.out = workspace.out if server else OutBuffer()
        self._state = IN_HEAD
        self._write_due = INFINITY
        self._await_head(workspace.settings.first_byte_timeout if server else 0)
        self._set_deadline()

    def __dealloc__(self):
        self._drop_partial()
        PyMem_Free(self._kept)

    # --- inbound -----------------------------------------------------------------------------------------------------

    cdef int receive(self, const char *data, Py_ssize_t n) except -1:
        if self._state == IN_CLOSED:
            self._left = 0
            return 0
        if self._left == 0:
            self._cur, self._left = data, n
            return 0
        self._keep_input(n)
        memcpy(self._kept + self._left, data, n)
        self._left += n
        return 0

    cdef int _keep_input(self, Py_ssize_t more) except -1:
        """Put what was not consumed at the start of the connection's own buffer, with room for `more` bytes behind."""
        cdef char *kept = self._kept
        cdef Py_ssize_t need = self._left + more, room
        if need <= self._kept_room:
            if self._cur != kept:
                memmove(kept, self._cur, self._left)
        else:
            room = max(self._kept_room * 2, need, <Py_ssize_t>KEEP_ROOM)
            kept = <char *>PyMem_Malloc(room)
            if kept == NULL:
                raise MemoryError(f"no memory for {room} bytes of input")
            memcpy(kept, self._cur, self._left)
            PyMem_Free(self._kept)
            self._kept, self._kept_room = kept, room
        self._cur = kept
        return 0

    cdef int receive_end(self) except -1:
        self.eof = True
        return 0

    cdef int settle(self) except -1:
        if self._left == 0:
            if self._kept != NULL:
                PyMem_Free(self._kept)
                self._kept, self._kept_room = NULL, 0
        elif self._kept == NULL or not self._kept <= self._cur < self._kept + self._kept_room:
            self._keep_input(0)
        self.data, self.data_len = NULL, 0
        return self._set_deadline()

    cdef int next(self) except -1:
        if self._state == IN_HEAD:
            return self._next_head()
        if self._state == IN_DONE:
            if self._left > 0:
                return PAUSED
            if self.eof and not self.is_server:
                return self._close(False, False)
            return NEED_DATA
        if self._state <= IN_UNTIL_EOF:
            return self._next_body()
        if self._state == IN_END:
            return self._finish_message()
        return UPGRADED if self._state == IN_UPGRADED else CLOSED

    cdef int _next_head(self) except -1:
        cdef Workspace ws = self.ws
        cdef fn_http1_head *head = &ws.head
        cdef fn_http1_field *fields = ws.fields
        cdef Py_ssize_t size
        if self._left == 0:
            if self.eof:
                return self._close(self._partial != NULL or (not self.is_server and self.answering), False)
            return NEED_DATA
        if self.is_server:
            if self._answers and (self._answers >= ws.settings.max_pipelined
                                  or self.out.total - self.out.sent > ws.settings.max_output):
                return PAUSED
        elif not self.answering:
            self._close(True, False)
            raise ProtocolError("the server sent bytes that answer no request", 502)
        if self._partial != NULL:
            head, fields = &self._partial.head, self._partial.fields
        if self.is_server:
            size = ws.parse_request(head, fields, self._cur, self._left)
        else:
            size = ws.parse_response(head, fields, self._cur, self._left)
        if size >= 0:
            self._input_due = INFINITY
            if self.is_server:
                return self._accept_request(head, size, fields)
            return self._accept_response(head, size, fields)
        if size == c.FN_INVALID:
            return self._refuse(head.error)
        return self._close(True, False) if self.eof else self._keep_partial()

    cdef int _keep_partial(self) except -1:
        if self._partial == NULL:
            self._partial = new_partial(self.ws)
            if self._state == IN_HEAD:
                self._await_head(self.ws.settings.head_timeout)
        return NEED_DATA

    cdef int _drop_partial(self) noexcept:
        free_partial(self._partial)
        self._partial = NULL
        return 0

    cdef int _accept_request(self, fn_http1_head *head, Py_ssize_t size, fn_http1_field *fields) except -1:
        cdef Request request = self.ws.request
        cdef const char *method = self._cur + head.method
        cdef unsigned int flags = head.flags
        cdef long long limit = self.ws.settings.max_body
        request.lend(self._cur, size, head, fields)
        head = &request.head             # the one that was given may be the partial one's, which goes
        self.request = request
        if self._partial != NULL:
            request.keep()
            self._drop_partial()
        self._cur += size
        self._left -= size
        self.minor_version = head.minor_version
        self.is_head = head.method_len == 4 and memcmp(method, b"HEAD", 4) == 0
        self.is_connect = head.method_len == 7 and memcmp(method, b"CONNECT", 7) == 0
        self.wants_upgrade = flags & c.FN_HTTP1_WANTS_UPGRADE != 0
        self._peer_closes = flags & c.FN_HTTP1_CLOSE != 0 or (head.minor_version == 0
                                                              and not flags & c.FN_HTTP1_KEEP_ALIVE)
        self.keep_alive = not self._peer_closes and not self.ws.draining
        self.trailers = None
        self.answering = self.sending = True
        self.head_sent = False
        self.status, self.answer_bytes = 0, 0
        self.body_bytes, self.expects_continue = 0, False
        if flags & c.FN_HTTP1_CHUNKED:
            self.content_length = -1
            memset(&self._chunked, 0, sizeof(self._chunked))
            self._state = IN_CHUNKED
        else:
            self.content_length = head.content_length
            if self.content_length == 0:
                self._state = IN_END
                return HEAD
            if limit and self.content_length > limit:
                self._state = IN_LENGTH
                return self.fail(413, f"the body of {self.content_length} bytes is over the limit of {limit}")
            self._state = IN_LENGTH
        if self.is_connect:
            # what follows the head would be a body to one reader and the tunnel to another
            return self.fail(400, "a CONNECT request cannot have a body")
        self.expects_continue = flags & c.FN_HTTP1_EXPECT_CONTINUE != 0 and self._left == 0
        self._begin_body()
        return HEAD

    cdef int _accept_response(self, fn_http1_head *head, Py_ssize_t size, fn_http1_field *fields) except -1:
        cdef Response response = Response.__new__(Response)
        cdef unsigned int flags = head.flags
        cdef bint interim = 100 <= head.status < 200
        response.lend(self._cur, size, head, fields)
        head = &response.head            # the one that was given may be the partial one's, which goes
        response.keep()
        self.response = response
        self._drop_partial()
        self._cur += size
        self._left -= size
        self.minor_version = head.minor_version
        self.trailers, self.body_bytes = None, 0
        if head.status == 101 and not self.wants_upgrade:
            self._close(True, False)
            raise ProtocolError("the server switched protocols without being asked", 502)
        self.expects_continue = False
        if head.status == 101 or (self.is_connect and 200 <= head.status < 300):
            self._state = IN_UPGRADED
            self.answering = self.sending = self.keep_alive = False
            return HEAD
        if interim:
            self._await_head(self.ws.settings.first_byte_timeout)
            return HEAD          # the final head is still to come
        if flags & c.FN_HTTP1_CLOSE or (head.minor_version == 0 and not flags & c.FN_HTTP1_KEEP_ALIVE):
            self.keep_alive = False
        self.content_length = head.content_length if flags & c.FN_HTTP1_HAS_LENGTH else -1
        if self.is_head or head.status == 204 or head.status == 304 or self.content_length == 0:
            self._state = IN_END
        elif flags & c.FN_HTTP1_CHUNKED:
            memset(&self._chunked, 0, sizeof(self._chunked))
            self._state = IN_CHUNKED
        elif self.content_length > 0:
            self._state = IN_LENGTH
        else:
            self.keep_alive = False
            self._state = IN_UNTIL_EOF
        if self._state != IN_END:
            self._begin_body()
        return HEAD

    cdef int _begin_body(self) noexcept:
        self._since, self._window = self.ws.now, 0
        return self._body_progress()

    cdef int _next_body(self) except -1:
        cdef Py_ssize_t used
        cdef size_t at = 0, n = 0
        cdef bint dropping = self.is_server and not self.answering
        while True:
            if self.held and not dropping:
                return PAUSED
            if self._left == 0:
                if not self.eof:
                    return NEED_DATA
                if self._state != IN_UNTIL_EOF:
                    return self._close(True, False)
                self._state = IN_END
                return self._finish_message()
            if self._state == IN_TRAILERS:
                return self._next_trailers()
            if self._state == IN_CHUNKED:
                used = decode_chunked(&self._chunked, self._cur, self._left, self.ws.settings.max_extensions, &at, &n)
                if used < 0:
                    return self._refuse(self._chunked.error)
                self.data, self.data_len = self._cur + at, n
                if self._chunked.done:
                    self._state = IN_TRAILERS
            else:
                used = self._left
                if self._state == IN_LENGTH:
                    used = min(used, self.content_length - self.body_bytes)
                self.data, self.data_len = self._cur, used
            self._cur += used
            self._left -= used
            self._window += used
            self.body_bytes += self.data_len
            self._body_progress()
            if self._state == IN_LENGTH and self.body_bytes == self.content_length:
                self._state = IN_END
            elif self._state == IN_CHUNKED and self.ws.settings.max_body and self.is_server \
                    and self.body_bytes > self.ws.settings.max_body:
                return self.fail(413, f"the body is over the limit of {self.ws.settings.max_body} bytes")
            if not dropping:
                if self.data_len:
                    return DATA
            elif self._window > MAX_DISCARD:
                return self._close(False, True)
            if self._state == IN_END:
                return self._finish_message()

    cdef int _next_trailers(self) except -1:
        cdef Workspace ws = self.ws
        cdef fn_http1_head *head = &ws.head
        cdef fn_http1_field *fields = ws.fields
        cdef Py_ssize_t size
        if self._partial != NULL:
            head, fields = &self._partial.head, self._partial.fields
        else:
            ws.new_head()
        size = parse_trailer_section(head, self._cur, self._left, fields, &ws.settings.trailers)
        if size == c.FN_INVALID:
            return self._refuse(head.error)
        if size == c.FN_PARTIAL:
            return self._close(True, False) if self.eof else self._keep_partial()
        if head.n_fields:
            self.trailers = field_list(self._cur, fields, head.n_fields)
        self._drop_partial()
        self._cur += size
        self._left -= size
        self._state = IN_END
        return self._finish_message()

    cdef int _finish_message(self) except -1:
        """The message is complete: say END, or go on to the next one if its answer already went out."""
        self._state = IN_DONE
        self._input_due = INFINITY
        self.data, self.data_len = NULL, 0
        if self.is_server:
            if self.answering:
                return END
            return self._next_exchange()
        self.answering = False
        if not self.keep_alive or self.eof:
            self._close(False, False)
        elif not self.sending:
            self._state = IN_HEAD
        return END

    cdef int _next_exchange(self) except -1:
        """Request and answer are both complete."""
        if not self.keep_alive:
            return self._close(False, not self.eof and (self._left > 0 or not self._peer_closes))
        self._state = IN_HEAD
        self._await_head(self.ws.settings.keepalive_timeout)
        return self._next_head()

    cdef int _close(self, bint truncated, bint linger) noexcept:
        self._state = IN_CLOSED
        self._left = 0
        self.truncated, self.linger = truncated, linger
        self.held = False
        self._input_due = INFINITY
        return CLOSED

    cdef int _refuse(self, int error) except -1:
        """The peer broke the rules: a server says so, a client raises."""
        if self.is_server and self.ws.settings.http2 and self.status == 0 and is_preface(self._cur, self._left):
            return HTTP2
        if not self.is_server:
            self._close(True, False)
            raise make_error(error)
        err = make_error(error)
        return self.fail(err.status, str(err))

    cdef bint is_closed(self) noexcept:
        return self._state == IN_CLOSED

    cdef bint wants_read(self) noexcept:
        if self._state == IN_CLOSED:
            return self.linger
        if self.eof or self.held:
            return False
        return not (self._left > 0 and (self._state == IN_DONE or self._answers != 0 and self._state == IN_HEAD
                                        and self._partial == NULL))

    cdef int hold(self, bint on) except -1:
        if self.held == on:
            return 0
        self.held = on
        if not IN_LENGTH <= self._state <= IN_UNTIL_EOF:
            return 0                 # no body is awaited, so no time is counted
        if on:
            self._input_due = INFINITY
        else:
            self._begin_body()
        return self._set_deadline()

    cdef int ask_body(self) except -1:
        if self.expects_continue and not self.head_sent and not self._building and self._state != IN_CLOSED:
            self.out.append(b"HTTP/1.1 100 Continue\r\n\r\n", 25)
        self.expects_continue = False
        return 0

    # --- outbound ----------------------------------------------------------------------------------------------------

    cdef int sent_end(self) except -1:
        self.sending = False
        if not self.is_server:
            if self._state == IN_DONE:       # it was answered before it was complete
                self._state = IN_HEAD
            elif self._state == IN_HEAD and self._partial == NULL:
                self._await_head(self.ws.settings.first_byte_timeout)
            return self._set_deadline()
        self.answering = self.held = False
        self._answers += 1
        if self.switching and (self._state == IN_DONE or self._state == IN_END):
            self._state = IN_UPGRADED
        elif self._state == IN_DONE or self._state == IN_END:
            self._state = IN_END             # from where next() goes on to the next request
        elif self._state != IN_CLOSED:
            # answered before the body was read: read and drop a little of it, else give the connection up
            if not self.keep_alive or self.content_length - self.body_bytes > MAX_DISCARD:
                self._close(False, not self.eof)
            else:
                self._begin_body()
        return 0

    cdef int fail(self, int status, str text) except -1:
        if self._state == IN_CLOSED:
            return CLOSED
        self.keep_alive = False
        if self._state == IN_UPGRADED:
            return self.abort()
        if self.head_sent if self.answering else self._state != IN_HEAD:
            return self._close(True, not self.eof)       # an answer went out, whole or in part: no other may follow
        # a head that never became a request still gets its answer
        self.answering = self.sending = True
        self.head_sent = False
        if self._state == IN_HEAD:
            self.refused, self.is_head, self.minor_version, self.is_connect = True, False, 1, False
        self.expects_continue = False
        self.answer_bytes = 0
        self._send_text(status, text)
        self.answering = self.sending = False
        self._drop_partial()
        return self._close(True, not self.eof)

    cdef int abort(self) except -1:
        self.aborted = True
        return self._close(True, False)

    cdef int wrote(self, Py_ssize_t n) except -1:
        self.out.advance(n)
        return self.progress(n, self.out.total > 0)

    cdef int progress(self, Py_ssize_t n, bint pending) except -1:
        if not pending:
            self._answers = 0
            if self._write_due != INFINITY:
                self._write_due = INFINITY
                if self._state == IN_HEAD and self._partial == NULL:
                    if self.is_server:
                        self._await_head(self.ws.settings.keepalive_timeout)
                    elif self.answering and not self.sending:
                        self._await_head(self.ws.settings.first_byte_timeout)
                self._set_deadline()
            return 0
        if self._write_due == INFINITY:
            self._write_since, self._write_window = self.ws.now, 0
        self._write_window += n
        if n > 0 or self._write_due == INFINITY:
            self._write_progress()
        return self._set_deadline()

    # --- time --------------------------------------------------------------------------------------------------------

    cdef int _await_head(self, double wait) noexcept:
        self._input_due = self.ws.now + wait if wait > 0 else INFINITY
        return 0

    cdef int _body_progress(self) noexcept:
        self._input_due = slow_after(self._since, self._window, self.ws.now, self.ws.settings.body_timeout,
                                     self.ws.settings.min_rate)
        return 0

    cdef int _write_progress(self) noexcept:
        self._write_due = slow_after(self._write_since, self._write_window, self.ws.now,
                                     self.ws.settings.write_timeout, self.ws.settings.min_rate)
        return 0

    cdef int _set_deadline(self) noexcept:
        self.deadline = min(self._input_due, self._write_due)
        return 0

    cdef int timeout(self) except -1:
        if self.ws.now >= self._write_due:
            return self.abort()
        if self._state == IN_HEAD and self._partial == NULL and not self.answering:
            if self._left or self._write_due != INFINITY:
                self._input_due = INFINITY      # not idle: it is still reading answers
                return self._set_deadline()
            return self._close(False, False)    # due or not: a driver may call it a day for one that is idle
        if self.ws.now < self._input_due or self._state == IN_UPGRADED:     # whose deadline is another protocol's
            return self._set_deadline()
        if self._state == IN_HEAD:
            if self.is_server:
                return self.fail(408, f"the request head did not arrive within {self.ws.settings.head_timeout:g} s")
            return self.abort()
        if self.is_server:
            return self.fail(408, f"the request body came too slowly: under {self.ws.settings.min_rate:g} bytes/s")
        return self.abort()

    def take_rest(self) -> bytes:
        """After UPGRADED: what the peer already sent in the new protocol."""
        rest = PyBytes_FromStringAndSize(self._cur, self._left)
        self._left = 0
        return rest
