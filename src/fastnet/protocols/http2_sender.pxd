# The sending half of an HTTP/2 connection: its streams' answers, framed, and whose turn it is.
from libc.stdint cimport uint32_t

from fastnet.codecs.hpack cimport Encoder
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport Connection

# One request and its answer. To applications it is a Connection that has only this one; `out` is where the lines of a
# head are collected.
cdef class Stream(Connection):
    cdef Multiplexer mux
    cdef object carrier                 # whoever drives it keeps here what belongs to it
    cdef readonly uint32_t id
    cdef readonly unsigned char urgency # RFC 9218: 0 first, 7 last
    cdef readonly bint incremental
    cdef OutBuffer body                 # of the answer, waiting for a window or its turn; None: nothing
    cdef list end_trailers
    cdef long long window               # bytes that the peer lets it send
    cdef long long room                 # bytes that the peer may send on it
    cdef long long unread               # bytes received that were not given back to that
    cdef long long withheld             # those of them that were not given back to the connection's
    cdef bint ended_in, ended_out       # END_STREAM came, went out
    cdef bint ending                    # END_STREAM follows the body
    cdef bint queued                    # in mux.queue
    cdef int open(self, Multiplexer mux, uint32_t id, long long window, long long room) except -1
    cdef int finish(self) except -1
    cdef int close(self, uint32_t code) except -1       # RST_STREAM, and be gone

cdef enum:
    STREAM_AHEAD = 65536   # bytes waiting at a stream beyond which its application is to wait

cdef class Multiplexer(Connection):
    cdef Encoder encoder
    cdef OutBuffer lines                # the head that is being made
    cdef list queue                     # streams with a body to send, or its end
    cdef long long window               # bytes that the peer lets all streams send together
    cdef uint32_t max_frame             # what the peer takes
    cdef double streams_due             # no stream's deadline is earlier
    cdef Py_ssize_t _last_at, _last_total    # the frame written last, which may still get END_STREAM
    cdef uint32_t _last_stream
    # The head sent last, and the block that it became.
    cdef object _head_status
    cdef list _head_fields
    cdef bytes _head_block, _head_date
    cdef uint32_t _head_changes
    cdef long long _head_length
    cdef int _head_code
    cdef bint _remembering
    cdef int put_frame(self, unsigned char kind, unsigned char flags, uint32_t stream, const char *payload,
                       Py_ssize_t n) except -1
    cdef int put_number(self, unsigned char kind, uint32_t stream, uint32_t number) except -1
    cdef int put_block(self, Stream stream, int status, bint last) except -1
    cdef int put_body(self, Stream stream, const char *data, Py_ssize_t n, bytes owner) except -1
    cdef int put_end(self, Stream stream) except -1
    cdef int fill(self) except -1       # frames of queued bodies, as windows and the room in `out` allow
    cdef bint fillable(self) noexcept   # fill() would write something, if there were room
    cdef int forget(self, Stream stream, bint was_reset) except -1     # hook: the stream is closed
    cdef int drop(self, Stream stream) except -1                       # hook: its application is to be told
    cdef int give_back(self, Stream stream) except -1                  # hook: what it has read may come again
    cdef int _put_data(self, Stream stream, const char *data, Py_ssize_t n) except -1
    cdef int _end_stream(self, Stream stream) except -1
    cdef Stream _next_of_queue(self)
