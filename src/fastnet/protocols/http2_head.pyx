"""Heads of HTTP/2 (RFC 9113, section 8), understood by the rules of HTTP/1.1.

A block is unpacked into lines, "name: value" CR LF; with a request line in front, made of the pseudo-header fields, they
are a head that the parser of HTTP/1.1 reads, so that targets, hosts, lengths and characters are judged by one set of
rules. That the lines are what was meant, and nothing in a value made more of them, is seen by comparison: each field
must be where the unpacker put it. What only HTTP/2 forbids is looked for here: upper-case names, fields that are a
connection's, pseudo-header fields that are missing, twice, unknown or late.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy

from fastnet.codecs cimport chpack as h
from fastnet.codecs cimport chttp1 as c
from fastnet.codecs.chpack cimport fn_hpack_field, fn_hpack_limits
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head
from fastnet.codecs.hpack cimport Decoder
from fastnet.codecs.http1 cimport Request, field_list, parse_request_head, parse_trailer_section
from fastnet.protocols.workspace cimport Workspace

cdef enum:
    FRONT = 4096         # room before the lines, for a request line that is longer than the fields it is made of
    # pseudo-header fields
    METHOD = 0
    SCHEME = 1
    AUTHORITY = 2
    PATH = 3
    PSEUDO = 4


cdef inline bint is_text(const char *bytes, Py_ssize_t n, const char *text, Py_ssize_t size) noexcept nogil:
    return n == size and memcmp(bytes, text, size) == 0


cdef Py_ssize_t unpack(Workspace ws, Decoder decoder, const char *block, Py_ssize_t n, size_t *used) except? -9:
    """Lines behind FRONT in ws.text, fields in ws.packed; their number, or an error."""
    cdef fn_hpack_limits limits
    cdef int over
    cdef Py_ssize_t count
    ws.open_text()
    limits.max_bytes, limits.max_fields = ws.settings.head.max_head, ws.settings.head.max_fields + PSEUDO
    count = decoder.unpack(block, n, ws.text + FRONT, ws.text_room - FRONT - ws.settings.head.max_head, ws.packed,
                           &limits, used, &over)
    if count == h.FN_INVALID:
        return UNBOUNDED if decoder.table.error == h.FN_HPACK_NO_ROOM else BAD_BLOCK
    return OVER_LIMIT if over else count


cdef bint is_forbidden(const char *name, uint32_t n, const char *value, uint32_t value_len) noexcept nogil:
    """A field that belongs to a connection (section 8.2.2)."""
    if n == 2:
        return memcmp(name, b"te", 2) == 0 and not is_text(value, value_len, b"trailers", 8)
    if n == 7:
        return memcmp(name, b"upgrade", 7) == 0
    if n == 10:
        return memcmp(name, b"connection", 10) == 0 or memcmp(name, b"keep-alive", 10) == 0
    if n == 16:
        return memcmp(name, b"proxy-connection", 16) == 0
    return n == 17 and memcmp(name, b"transfer-encoding", 17) == 0


cdef int pseudo_of(const char *name, uint32_t n) noexcept nogil:
    if n == 7 and memcmp(name, b":method", 7) == 0:
        return METHOD
    if n == 7 and memcmp(name, b":scheme", 7) == 0:
        return SCHEME
    if n == 10 and memcmp(name, b":authority", 10) == 0:
        return AUTHORITY
    return PATH if n == 5 and memcmp(name, b":path", 5) == 0 else -1


cdef bint same_fields(const char *buf, const fn_http1_field *fields, const char *lines, const fn_hpack_field *packed,
                      Py_ssize_t n) noexcept nogil:
    """The parser found the fields where the unpacker put them."""
    cdef Py_ssize_t i
    for i in range(n):
        if (buf + fields[i].name != lines + packed[i].name or fields[i].name_len != packed[i].name_len
                or fields[i].value_len != packed[i].value_len
                or (packed[i].value_len and buf + fields[i].value != lines + packed[i].value)):
            return False
    return True


cdef int unpack_request(Workspace ws, Decoder decoder, const char *block, Py_ssize_t n, Request request) except? -9:
    cdef size_t used
    cdef Py_ssize_t count = unpack(ws, decoder, block, n, &used), first = 0, i, size, end, own, host = -1
    cdef fn_hpack_field *packed = ws.packed
    cdef fn_hpack_field *found[PSEUDO]
    cdef fn_hpack_field *f
    cdef char *lines = ws.text + FRONT
    cdef char *kept
    cdef char *at
    cdef fn_http1_head *head = &ws.head
    cdef int which, cookies = 0
    cdef bint is_connect
    if count < 0:
        return <int>count
    found[0] = found[1] = found[2] = found[3] = NULL
    while first < count and packed[first].name_len and lines[packed[first].name] == c":":
        which = pseudo_of(lines + packed[first].name, packed[first].name_len)
        if which < 0 or found[which] != NULL:
            return MALFORMED
        found[which] = &packed[first]
        first += 1
    for i in range(first, count):
        f = &packed[i]
        if f.flags & h.FN_HPACK_UPPER or f.name_len == 0 or is_forbidden(lines + f.name, f.name_len, lines + f.value,
                                                                         f.value_len):
            return MALFORMED
        if f.name_len == 4 and memcmp(lines + f.name, b"host", 4) == 0:
            host = i
        cookies += is_text(lines + f.name, f.name_len, b"cookie", 6)
    if found[METHOD] == NULL:
        return MALFORMED
    is_connect = is_text(lines + found[METHOD].value, found[METHOD].value_len, b"CONNECT", 7)
    if is_connect:
        if found[AUTHORITY] == NULL or found[PATH] != NULL or found[SCHEME] != NULL:
            return MALFORMED
        found[PATH] = found[AUTHORITY]
    elif found[PATH] == NULL or found[SCHEME] == NULL or found[SCHEME].value_len == 0 or found[PATH].value_len == 0:
        return MALFORMED
    elif lines[found[PATH].value] != c"/" and not (
            is_text(lines + found[PATH].value, found[PATH].value_len, b"*", 1)
            and is_text(lines + found[METHOD].value, found[METHOD].value_len, b"OPTIONS", 7)):
        return MALFORMED
    own = 0 if found[AUTHORITY] == NULL or host >= 0 else 1
    if host >= 0 and found[AUTHORITY] != NULL and not is_text(
            lines + found[AUTHORITY].value, found[AUTHORITY].value_len, lines + packed[host].value,
            packed[host].value_len):
        return MALFORMED
    # The request line, and Host, end where the first line of the others begins; what they are made of stands there.
    end = packed[first].name if first < count else <Py_ssize_t>used
    kept = lines + used + 2
    if end > <Py_ssize_t>ws.settings.head.max_head:
        return c.FN_HTTP1_LINE_TOO_LONG
    memcpy(kept, lines, end)
    size = found[METHOD].value_len + 1 + found[PATH].value_len + 11
    if own:
        size += found[AUTHORITY].value_len + 8
    if size > end + FRONT:
        return MALFORMED
    at = lines + end - size
    memcpy(at, kept + found[METHOD].value, found[METHOD].value_len)
    at += found[METHOD].value_len
    at[0] = c" "
    memcpy(at + 1, kept + found[PATH].value, found[PATH].value_len)
    at += 1 + found[PATH].value_len
    memcpy(at, b" HTTP/1.1\r\n", 11)
    at += 11
    if own:
        memcpy(at, b"host: ", 6)
        memcpy(at + 6, kept + found[AUTHORITY].value, found[AUTHORITY].value_len)
        memcpy(at + 6 + found[AUTHORITY].value_len, b"\r\n", 2)
    memcpy(lines + used, b"\r\n", 2)
    at = lines + end - size
    n = size + <Py_ssize_t>used - end + 2
    ws.new_head()
    size = parse_request_head(head, at, n, ws.fields, &ws.settings.head)
    if size == c.FN_INVALID:
        which = head.error
        if which in (c.FN_HTTP1_LINE_TOO_LONG, c.FN_HTTP1_HEAD_TOO_LARGE, c.FN_HTTP1_TOO_MANY_FIELDS,
                     c.FN_HTTP1_UNKNOWN_EXPECTATION):
            return which
        return MALFORMED
    if (size != n or head.method_len != found[METHOD].value_len or head.target_len != found[PATH].value_len
            or head.method != 0 or <Py_ssize_t>head.n_fields != own + count - first
            or not same_fields(at, ws.fields + own, lines, packed + first, count - first)
            or (own and ws.fields[0].value_len != found[AUTHORITY].value_len)):
        return MALFORMED
    if cookies > 1:
        n += join_cookies(at, n, head, ws.fields)
    request.lend(at, n, head, ws.fields)
    request.head.minor_version = OF_HTTP2
    return 0


cdef Py_ssize_t join_cookies(char *buf, Py_ssize_t n, fn_http1_head *head, fn_http1_field *fields) noexcept:
    """Make one field of several (section 8.2.3), whose value is put behind the head; returns its size."""
    cdef Py_ssize_t size = 0
    cdef uint32_t i, kept = 0
    cdef fn_http1_field *first = NULL
    for i in range(head.n_fields):
        if is_text(buf + fields[i].name, fields[i].name_len, b"cookie", 6):
            if first != NULL:
                memcpy(buf + n + size, b"; ", 2)
                size += 2
            memcpy(buf + n + size, buf + fields[i].value, fields[i].value_len)
            size += fields[i].value_len
            if first != NULL:
                if head.host > kept:
                    head.host -= 1
                continue
            first = &fields[kept]
        fields[kept] = fields[i]
        kept += 1
    first.value, first.value_len = <uint32_t>n, <uint32_t>size
    head.n_fields = kept
    return size


cdef list unpack_trailers(Workspace ws, Decoder decoder, const char *block, Py_ssize_t n, int *error):
    cdef size_t used
    cdef Py_ssize_t count = unpack(ws, decoder, block, n, &used), i, size
    cdef char *lines = ws.text + FRONT
    cdef fn_hpack_field *f
    error[0] = 0
    if count < 0:
        error[0] = <int>count
        return None
    error[0] = MALFORMED
    for i in range(count):
        f = &ws.packed[i]
        if (f.flags & h.FN_HPACK_UPPER or f.name_len == 0 or lines[f.name] == c":"
                or is_forbidden(lines + f.name, f.name_len, lines + f.value, f.value_len)):
            return None
    memcpy(lines + used, b"\r\n", 2)
    ws.new_head()
    size = parse_trailer_section(&ws.head, lines, used + 2, ws.fields, &ws.settings.trailers)
    if size == c.FN_INVALID and ws.head.error in (c.FN_HTTP1_HEAD_TOO_LARGE, c.FN_HTTP1_TOO_MANY_FIELDS):
        error[0] = OVER_LIMIT
        return None
    if (size != <Py_ssize_t>used + 2 or <Py_ssize_t>ws.head.n_fields != count
            or not same_fields(lines, ws.fields, lines, ws.packed, count)):
        return None
    error[0] = 0
    return field_list(lines, ws.fields, ws.head.n_fields)


cdef int read_priority(const char *value, Py_ssize_t n, unsigned char *urgency, bint *incremental) noexcept:
    """A Priority field (RFC 9218, section 4), of which u and i are known; what is not understood changes nothing."""
    cdef Py_ssize_t at = 0, stop
    while at < n:
        while at < n and value[at] in b" \t,":
            at += 1
        stop = at
        while stop < n and value[stop] != c",":
            stop += 1
        if stop - at >= 3 and value[at] == c"u" and value[at + 1] == c"=" and 48 <= value[at + 2] <= 55 and (
                stop - at == 3 or value[at + 3] in b" \t;"):
            urgency[0] = value[at + 2] - 48
        elif stop > at and value[at] == c"i":
            if stop - at == 1 or value[at + 1] in b" \t;" or (stop - at >= 4 and memcmp(value + at, b"i=?1", 4) == 0):
                incremental[0] = True
            elif stop - at >= 4 and memcmp(value + at, b"i=?0", 4) == 0:
                incremental[0] = False
        at = stop + 1
    return 0
