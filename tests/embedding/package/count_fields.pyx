# A compiled module of somebody else's, on top of fastnet's C face.
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head, fn_http1_limits
from fastnet.codecs.http1 cimport init_head, parse_request_head


def count_fields(bytes data):
    """The number of field lines in a request head; -1 for half a head, -2 for a bad one."""
    cdef fn_http1_head head
    cdef fn_http1_field fields[100]
    cdef fn_http1_limits limits
    limits.max_line, limits.max_head, limits.max_fields = 8190, 65536, 100
    init_head(&head)
    cdef const char *buf = data
    cdef Py_ssize_t n = len(data), size
    with nogil:
        size = parse_request_head(&head, buf, n, fields, &limits)
    return size if size < 0 else head.n_fields
