# What the HTTP/1.1 connections of one listener, and of one thread, have in common.
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head, fn_http1_limits
from fastnet.codecs.chpack cimport fn_hpack_field
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.outbuffer cimport OutBuffer

cdef enum:
    MAX_KNOWN = 1024       # bytes of a head that is kept to be compared with the next

# Limits and deadlines; read only.
cdef class Settings:
    cdef fn_http1_limits head
    cdef fn_http1_limits trailers
    cdef readonly unsigned int max_extensions
    cdef readonly long long max_body           # 0: unlimited
    cdef readonly Py_ssize_t max_output        # bytes queued before next() says PAUSED
    cdef readonly int max_pipelined            # answers queued before next() says PAUSED
    cdef readonly double first_byte_timeout, head_timeout, keepalive_timeout
    cdef readonly double body_timeout, write_timeout
    cdef readonly double min_rate              # bytes/s, of a body coming in or an answer going out
    cdef readonly bint http2                   # a connection may turn out to speak it
    cdef readonly unsigned int max_streams     # requests of a connection at once
    cdef readonly unsigned int stream_window   # bytes of a body that a client may send ahead of the application
    cdef readonly unsigned int max_resets      # requests that a client may break off, in ten seconds
    cdef readonly unsigned int max_control     # frames that ask for nothing, in ten seconds
    cdef readonly unsigned int max_continuations   # CONTINUATION frames of one head

# Scratch space, clock and common header lines of the connections that one thread serves.
cdef class Workspace:
    cdef readonly Settings settings
    cdef fn_http1_field *fields
    cdef fn_http1_head head
    cdef char known[MAX_KNOWN]          # bytes of the request head that `head` and `fields` are of
    cdef Py_ssize_t known_size          # 0: of none, or of one that is longer
    cdef Request request                # lent at HEAD, reused
    cdef OutBuffer out                  # lent to the connection whose turn it is
    cdef double now                     # monotonic seconds; the driver sets it each turn
    cdef bytes date_line, server_line   # b"date: ...\r\n", b"server: ...\r\n"; empty: none sent
    # A head that came last, and the lines it became; see Sender.repeat_head().
    cdef object head_status
    cdef list head_fields
    cdef bytes head_lines
    cdef int head_code
    cdef unsigned int head_misses       # heads since that were another one
    cdef long long head_length          # its own Content-Length; -1: none
    cdef bytes head_whole, head_date    # all of it, down to the empty line, and the date_line that is in it
    cdef long long head_body            # the length that it was ended with
    cdef bint draining                  # every answer from now on says Connection: close
    cdef int new_head(self) noexcept    # `head` and `fields` are to be filled again
    # Into these, or those of a Partial, which goes on where it stopped; both return what the codec's functions do.
    cdef Py_ssize_t parse_response(self, fn_http1_head *head, fn_http1_field *fields, const char *data,
                                   Py_ssize_t n) noexcept
    cdef Py_ssize_t parse_request(self, fn_http1_head *head, fn_http1_field *fields, const char *data,
                                  Py_ssize_t n) noexcept
    # Where HTTP/2 unpacks heads; NULL until then.
    cdef char *text
    cdef size_t text_room
    cdef fn_hpack_field *packed
    cdef int open_text(self) except -1

# A head, or a trailer section, that has not arrived whole, kept apart so that idle connections do not carry it.
cdef struct Partial:
    fn_http1_head head
    fn_http1_field *fields

cdef Partial *new_partial(Workspace ws) except NULL      # what the workspace holds of a head
cdef void free_partial(Partial *partial) noexcept        # NULL is allowed
cdef double slow_after(double since, long long window, double now, double grace, double rate) noexcept nogil
