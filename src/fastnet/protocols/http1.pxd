# One side of one HTTP/1.1 connection, without I/O; the C face of fastnet.protocols.http1.
#
# A server turns the crank like this (servers/pump.pyx does):
#
#     conn.receive(ptr, n)              lend it the bytes just read, until settle()
#     while True:
#         event = conn.next()           HEAD -> conn.request is filled; DATA -> conn.data, conn.data_len; END; ...
#         ...                           answer with begin_head / add_field / end_head / send_data / send_end
#     conn.settle()                     whatever was not consumed is copied; the lent bytes may go
#     write conn.out to the socket; conn.wrote(n, now)
from fastnet.codecs.chttp1 cimport fn_http1_chunked, fn_http1_field, fn_http1_head, fn_http1_limits
from fastnet.codecs.http1 cimport NameCache, Request
from fastnet.codecs.outbuffer cimport OutBuffer

cpdef enum Event:
    NEED_DATA = 0    # nothing more until receive() or receive_eof()
    PAUSED = 1       # input is waiting, but the answer in progress, or unsent output, comes first
    HEAD = 2         # a request or response head: self.request / self.response
    DATA = 3         # body bytes: self.data, self.data_len, lent until the next call of next() or settle()
    END = 4          # the message is complete: self.trailers
    UPGRADED = 5     # the connection now belongs to another protocol: take_rest() has what it sent already
    CLOSED = 6       # no more messages will come; write what is queued and close

# Limits and deadlines of a listener; read only once serving has begun.
cdef class Settings:
    cdef fn_http1_limits head
    cdef readonly unsigned int max_trailer, max_extensions
    cdef readonly long long max_body           # 0: unlimited
    cdef readonly Py_ssize_t max_output        # bytes queued before next() says PAUSED
    cdef readonly int max_pipelined            # answers queued before next() says PAUSED
    cdef readonly double first_byte_timeout, head_timeout, keepalive_timeout
    cdef readonly double body_timeout, write_timeout     # grace, then min_rate
    cdef readonly double min_rate                        # bytes/s, body in and answer out

# What the connections of one thread share: scratch space, the clock of this turn, the name cache.
cdef class Workspace:
    cdef readonly Settings settings
    cdef NameCache names
    cdef fn_http1_field *fields
    cdef fn_http1_head head
    cdef Request request                # filled at HEAD by the server role; lent, reused
    cdef OutBuffer out
    cdef double now                     # monotonic seconds; the driver sets it each turn
    cdef bytes common                   # b"date: ...\r\nserver: ...\r\n"; the driver renews the date each second
    cdef bint draining                  # every answer from now on says Connection: close

cdef class Connection:
    cdef Workspace ws
    cdef Request request                # valid after HEAD until the next call of next()
    cdef object response                # client role: the same
    cdef OutBuffer out                  # the workspace's, unless something is left unsent
    cdef list trailers                  # after END: [(name, value)] of bytes; None when there were none
    cdef const char *data
    cdef Py_ssize_t data_len
    cdef double deadline                # monotonic seconds at which handle_timeout() is due; inf: never
    # facts of the message in progress
    cdef bint is_server, is_head, is_connect, keep_alive, has_body, expects_continue
    cdef unsigned char minor_version
    cdef long long content_length       # of the message being received; -1: chunked or until EOF
    # answer in progress
    cdef bint answering                 # a request was handed out and its answer is not complete
    cdef bint head_sent, sent_chunked, body_forbidden
    cdef long long answer_left          # bytes still due by Content-Length; -1: not counted
    cdef int status                     # of the answer
    cdef long long answer_bytes         # body bytes of the answer so far
    # inbound
    cdef int receive(self, const char *data, Py_ssize_t n) except -1
    cdef int receive_end(self) except -1                   # the peer will send nothing more
    cdef int next(self) except -1                          # an Event
    cdef int settle(self) except -1
    # outbound
    cdef int begin_head(self, int status, const char *reason, Py_ssize_t n) except -1   # reason NULL: the standard one
    cdef int add_field(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t value_len) except -1
    cdef int end_head(self, long long length) except -1    # length of the whole body if known, else -1
    cdef int send_data(self, const char *data, Py_ssize_t n, bytes owner) except -1     # owner may be None
    cdef int send_end(self, list trailers) except -1       # trailers may be None
    cdef int fail(self, int status, str text) except -1    # answer with an error if still possible, then close
    cdef int wrote(self, Py_ssize_t n) except -1           # the driver sent n bytes of out
    cdef bint wants_read(self) noexcept
    cdef int timeout(self) except -1                       # the deadline has passed
