# One side of one HTTP/1.1 connection, without I/O; the C face of fastnet.protocols.http1.
#
# A driver turns the crank like this (servers/pump.pyx does):
#
#     conn.receive(ptr, n)              lend it the bytes just read, until settle()
#     while True:
#         event = conn.next()           HEAD -> conn.request is filled; DATA -> conn.data, conn.data_len; END; ...
#         ...                           answer with begin_head / add_field / end_head / send_data / send_end
#     conn.settle()                     whatever was not consumed is copied; the lent bytes may go
#     write conn.out to the socket; conn.wrote(n); conn.settle_output()
from fastnet.codecs.chttp1 cimport fn_http1_chunked, fn_http1_field, fn_http1_head
from fastnet.codecs.http1 cimport Request, Response
from fastnet.protocols.http1_sender cimport Sender
from fastnet.protocols.workspace cimport Partial

cdef enum Event:
    NEED_DATA = 0    # nothing more until receive() or receive_end()
    PAUSED = 1       # input is waiting, but the answer in progress, unsent output, or hold() comes first
    HEAD = 2         # a head: self.request (server) or self.response (client)
    DATA = 3         # body bytes: self.data, self.data_len, lent until the next call of next() or settle()
    END = 4          # the message is complete: self.trailers
    UPGRADED = 5     # the connection now belongs to another protocol: take_rest() has what it sent already
    CLOSED = 6       # no more messages will come; send what is queued and close
    STREAMS = 7      # of HTTP/2: there are several exchanges at once, whose events step() gives
    HTTP2 = 8        # the client has begun to speak HTTP/2, which Http2Connection.adopt() goes on with

cdef class Connection(Sender):
    cdef Request request                # server role: valid after HEAD until the next call of next()
    cdef Response response              # client role: the same
    cdef list trailers                  # after END: [(name, value)] of bytes; None when there were none
    cdef const char *data
    cdef Py_ssize_t data_len
    cdef readonly double deadline       # monotonic seconds at which timeout() is due; inf: never
    cdef readonly bint is_server
    cdef readonly bint held             # hold(): the app has enough body for now
    cdef readonly bint truncated        # CLOSED came in the middle of a message
    cdef bint refused             # fail() answered a head that never became a request, and no HEAD told of it
    cdef readonly bint linger           # the peer may still be sending: read and drop before closing
    cdef readonly long long content_length  # of the message being received; -1: chunked, or until EOF
    cdef readonly long long body_bytes  # of it received so far
    cdef bint _peer_closes              # the request said that it was the last
    cdef unsigned char _state
    cdef const char *_cur               # input not consumed yet: lent, or in _kept
    cdef char *_kept
    cdef Py_ssize_t _kept_room
    cdef Partial *_partial
    cdef fn_http1_chunked _chunked
    # When the wait for input, for the peer to read, is over; inf: none. The former is, after UPGRADED, set by whoever has
    # the connection.
    cdef double _input_due, _write_due
    cdef double _since, _write_since    # when the body, the unsent output, began
    cdef long long _window, _write_window   # bytes moved since then

    cdef int receive(self, const char *data, Py_ssize_t n) except -1
    cdef int receive_end(self) except -1                   # the peer will send nothing more
    cdef int next(self) except -1                          # an Event
    cdef int settle(self) except -1
    cdef bint wants_read(self) noexcept
    cdef bint is_closed(self) noexcept                     # CLOSED was, or is about to be, what next() says
    cdef int hold(self, bint on) except -1                 # no DATA while on; its time does not count
    cdef int ask_body(self) except -1                      # send 100 (Continue) if the client waits for it
    # Then CLOSED. Answers with an error if that is still possible; half an answer is not mended: it ends before its end.
    cdef int fail(self, int status, str text) except -1
    cdef int abort(self) except -1                         # CLOSED at once; what was queued is not sent
    cdef int wrote(self, Py_ssize_t n) except -1           # the driver sent n bytes of out
    cdef int progress(self, Py_ssize_t n, bint pending) except -1    # n bytes left; more wait if pending
    cdef int timeout(self) except -1                       # the deadline has passed, or an idle connection should go

    cdef int _keep_input(self, Py_ssize_t more) except -1
    cdef int _next_head(self) except -1
    cdef int _keep_partial(self) except -1
    cdef int _drop_partial(self) noexcept
    cdef int _accept_request(self, fn_http1_head *head, Py_ssize_t size, fn_http1_field *fields) except -1
    cdef int _accept_response(self, fn_http1_head *head, Py_ssize_t size, fn_http1_field *fields) except -1
    cdef int _begin_body(self) noexcept
    cdef int _next_body(self) except -1
    cdef int _next_trailers(self) except -1
    cdef int _finish_message(self) except -1
    cdef int _next_exchange(self) except -1
    cdef int _refuse(self, int error) except -1
    cdef int _close(self, bint truncated, bint linger) noexcept
    cdef int _await_head(self, double wait) noexcept
    cdef int _body_progress(self) noexcept
    cdef int _write_progress(self) noexcept
    cdef int _set_deadline(self) noexcept
