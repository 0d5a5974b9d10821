# Heads of HTTP/2 as HTTP/1.1 has them: one set of rules for both.
from fastnet.codecs.hpack cimport Decoder
from fastnet.codecs.http1 cimport Request
from fastnet.protocols.workspace cimport Workspace

cdef enum:
    MALFORMED = -1       # a stream error (RFC 9113, section 8.1.1)
    OVER_LIMIT = -2      # 431
    BAD_BLOCK = -3       # a connection error: the tables differ from now on
    UNBOUNDED = -4       # so is this: a single field larger than any list may be

    OF_HTTP2 = 2         # minor_version of a Request that came by HTTP/2

# Unpack a block into `request`, lent until the next call. 0, one of the above, or the fn_http1_error of the same head in
# HTTP/1.1.
cdef int unpack_request(Workspace ws, Decoder decoder, const char *block, Py_ssize_t n, Request request) except? -9
# Unpack trailers. The result or, as *error, the same.
cdef list unpack_trailers(Workspace ws, Decoder decoder, const char *block, Py_ssize_t n, int *error)
cdef int read_priority(const char *value, Py_ssize_t n, unsigned char *urgency, bint *incremental) noexcept
