# Writing HTTP/1.1 heads into an OutBuffer. A bad name or value raises ValueError and leaves `out` as it was.
from fastnet.codecs.outbuffer cimport OutBuffer

cdef const char *reason_phrase(int status) noexcept nogil
cdef int put_status_line(OutBuffer out, int status, const char *reason, Py_ssize_t n) except -1  # NULL: standard phrase
cdef int put_request_line(OutBuffer out, str method, str target) except -1
cdef int put_field(OutBuffer out, const char *name, Py_ssize_t name_len,
                   const char *value, Py_ssize_t value_len) except -1
cdef int put_length(OutBuffer out, long long n) except -1                # a Content-Length field
cdef int put_chunk_size(OutBuffer out, Py_ssize_t n) except -1           # "1f\r\n"
