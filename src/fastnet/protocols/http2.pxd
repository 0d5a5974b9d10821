# One HTTP/2 connection of a server, without I/O; the C face of fastnet.protocols.http2.
#
# A driver turns the same crank as for HTTP/1.1 (http1.pxd), but next() says STREAMS for as long as the connection is
# open, and step() has the events, each of the one `stream`.
from libc.stdint cimport uint32_t

from fastnet.codecs.chttp2 cimport fn_http2_frame
from fastnet.codecs.hpack cimport Decoder
from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.http2_closing cimport Closing
from fastnet.protocols.http2_sender cimport Stream

cdef enum:
    # beside those of a Connection
    LOST = 10            # the stream was reset: its application is to be told

cdef class Http2Connection(Closing):
    cdef Stream stream                  # of the event
    cdef Decoder decoder
    cdef Stream _ending                 # its END is the next event
    cdef bint _settled                  # so has the first SETTINGS
    cdef long long _first_window        # of a new stream, as the peer says
    cdef char *_block                   # of a head whose END_HEADERS has not come
    cdef Py_ssize_t _block_len, _block_room
    cdef uint32_t _block_stream
    cdef bint _block_ends               # END_STREAM was set
    cdef unsigned int _continuations
    cdef unsigned char _waits           # for what _input_due stands

    cdef int adopt(self, Connection other) except -1       # go on where a connection of HTTP/1.1 saw the preface
    cdef int step(self) except -1

    cdef int _greet(self) except -1
    cdef int _frame(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _end_of_input(self) except -1
    cdef int _on_data(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _on_headers(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _on_continuation(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _on_settings(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _on_window(self, const fn_http2_frame *frame) except -1
    cdef int _on_reset(self, const fn_http2_frame *frame) except -1
    cdef int _on_priority(self, const fn_http2_frame *frame, const char *payload) except -1
    cdef int _on_block(self, uint32_t id, const char *block, Py_ssize_t n, bint ends) except -1
    cdef int _on_trailers(self, uint32_t id, const char *block, Py_ssize_t n, bint ends) except -1
    cdef int _ended(self, Stream stream) except -1
    cdef int _keep_block(self, const char *data, Py_ssize_t n) except -1
    cdef int _await(self) except -1
    cdef int _judge_streams(self) except -1
