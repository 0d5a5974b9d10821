"""Writing HTTP/1.1 heads (RFC 9112, sections 3 to 5), with every byte checked.

No CR, LF, NUL or other control character passes through here, so a header that an app built from foreign input can
never split a message in two.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcpy, strlen

from fastnet.codecs.http1 cimport scan_token, scan_value
from fastnet.codecs.outbuffer cimport OutBuffer

cdef extern from *:
    """
    static const char *fn_reason(int status) {
        switch (status) {
            case 100: return "Continue";
            case 101: return "Switching Protocols";
            case 102: return "Processing";
            case 103: return "Early Hints";
            case 200: return "OK";
            case 201: return "Created";
            case 202: return "Accepted";
            case 203: return "Non-Authoritative Information";
            case 204: return "No Content";
            case 205: return "Reset Content";
            case 206: return "Partial Content";
            case 207: return "Multi-Status";
            case 208: return "Already Reported";
            case 226: return "IM Used";
            case 300: return "Multiple Choices";
            case 301: return "Moved Permanently";
            case 302: return "Found";
            case 303: return "See Other";
            case 304: return "Not Modified";
            case 305: return "Use Proxy";
            case 307: return "Temporary Redirect";
            case 308: return "Permanent Redirect";
            case 400: return "Bad Request";
            case 401: return "Unauthorized";
            case 402: return "Payment Required";
            case 403: return "Forbidden";
            case 404: return "Not Found";
            case 405: return "Method Not Allowed";
            case 406: return "Not Acceptable";
            case 407: return "Proxy Authentication Required";
            case 408: return "Request Timeout";
            case 409: return "Conflict";
            case 410: return "Gone";
            case 411: return "Length Required";
            case 412: return "Precondition Failed";
            case 413: return "Content Too Large";
            case 414: return "URI Too Long";
            case 415: return "Unsupported Media Type";
            case 416: return "Range Not Satisfiable";
            case 417: return "Expectation Failed";
            case 418: return "I'm a Teapot";
            case 421: return "Misdirected Request";
            case 422: return "Unprocessable Content";
            case 423: return "Locked";
            case 424: return "Failed Dependency";
            case 425: return "Too Early";
            case 426: return "Upgrade Required";
            case 428: return "Precondition Required";
            case 429: return "Too Many Requests";
            case 431: return "Request Header Fields Too Large";
            case 451: return "Unavailable For Legal Reasons";
            case 500: return "Internal Server Error";
            case 501: return "Not Implemented";
            case 502: return "Bad Gateway";
            case 503: return "Service Unavailable";
            case 504: return "Gateway Timeout";
            case 505: return "HTTP Version Not Supported";
            case 506: return "Variant Also Negotiates";
            case 507: return "Insufficient Storage";
            case 508: return "Loop Detected";
            case 511: return "Network Authentication Required";
            default: return "";
        }
    }
    """
    const char *fn_reason(int status) noexcept nogil


cdef const char *reason_phrase(int status) noexcept nogil:
    return fn_reason(status)


cdef int put_status_line(OutBuffer out, int status, const char *reason, Py_ssize_t n) except -1:
    cdef char *p
    if not 100 <= status <= 599:
        raise ValueError(f"status must be from 100 to 599, not {status}")
    if reason == NULL:
        reason = fn_reason(status)
        n = <Py_ssize_t>strlen(reason)
    elif scan_value(reason, n) != <size_t>n:
        raise ValueError(f"reason phrase {reason[:n]!r} has a control character")
    p = out.reserve(n + 15)
    memcpy(p, b"HTTP/1.1 ", 9)
    p[9] = 48 + status // 100
    p[10] = 48 + status // 10 % 10
    p[11] = 48 + status % 10
    p[12] = 32
    memcpy(p + 13, reason, n)
    memcpy(p + 13 + n, b"\r\n", 2)
    out.commit(n + 15)
    return 0


cdef int put_request_line(OutBuffer out, str method, str target) except -1:
    cdef bytes m = method.encode("latin-1", "replace"), t = target.encode("latin-1", "replace")
    cdef bytes line
    if not m or scan_token(PyBytes_AS_STRING(m), PyBytes_GET_SIZE(m)) != <size_t>PyBytes_GET_SIZE(m):
        raise ValueError(f"method must be a token such as GET, not {method!r}")
    if not t or not all(0x21 <= ch <= 0x7e for ch in t):
        raise ValueError(f"target must be visible ASCII characters, percent-encoded where needed, not {target!r}")
    line = b"%s %s HTTP/1.1\r\n" % (m, t)
    return out.append(PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line))


cdef int put_field(OutBuffer out, const char *name, Py_ssize_t name_len,
                   const char *value, Py_ssize_t value_len) except -1:
    cdef char *p
    if name_len == 0 or scan_token(name, name_len) != <size_t>name_len:
        raise ValueError(f"header name {name[:name_len]!r} is not a token: letters, digits and !#$%&'*+-.^_`|~ only")
    if scan_value(value, value_len) != <size_t>value_len:
        raise ValueError(f"value of header {name[:name_len]!r} has a control character: {value[:value_len]!r}")
    p = out.reserve(name_len + value_len + 4)
    memcpy(p, name, name_len)
    p[name_len] = 58
    p[name_len + 1] = 32
    memcpy(p + name_len + 2, value, value_len)
    memcpy(p + name_len + 2 + value_len, b"\r\n", 2)
    out.commit(name_len + value_len + 4)
    return 0


cdef int put_length(OutBuffer out, long long n) except -1:
    cdef char digits[20]
    cdef int i = 20
    cdef char *p = out.reserve(38)
    while True:
        i -= 1
        digits[i] = 48 + <int>(n % 10)
        n //= 10
        if n == 0:
            break
    memcpy(p, b"content-length: ", 16)
    memcpy(p + 16, digits + i, 20 - i)
    memcpy(p + 36 - i, b"\r\n", 2)
    out.commit(38 - i)
    return 0


cdef int put_chunk_size(OutBuffer out, Py_ssize_t n) except -1:
    cdef char digits[16]
    cdef int i = 16
    cdef char *p = out.reserve(18)
    while True:
        i -= 1
        digits[i] = b"0123456789abcdef"[n & 15]
        n >>= 4
        if n == 0:
            break
    memcpy(p, digits + i, 16 - i)
    memcpy(p + 16 - i, b"\r\n", 2)
    out.commit(18 - i)
    return 0


cdef bytes head_bytes(OutBuffer out, headers):
    for name, value in headers:
        name = name.encode("latin-1") if isinstance(name, str) else bytes(name)
        value = value.encode("latin-1") if isinstance(value, str) else bytes(value)
        put_field(out, PyBytes_AS_STRING(name), len(name), PyBytes_AS_STRING(value), len(value))
    out.append(b"\r\n", 2)
    return b"".join(out.take())


def encode_response_head(int status, headers=(), reason=None) -> bytes:
    """Serialize a response head: status line, fields, empty line (RFC 9112, section 4).

    status: 100 to 599; headers: (name, value) pairs of bytes or str (Latin-1), written as they are and in their
    order: nothing is added; reason: bytes, or None for the standard phrase. Raises ValueError for a character that
    may not stand there.
    """
    cdef OutBuffer out = OutBuffer()
    cdef bytes phrase
    if reason is None:
        put_status_line(out, status, NULL, 0)
    else:
        phrase = reason
        put_status_line(out, status, PyBytes_AS_STRING(phrase), PyBytes_GET_SIZE(phrase))
    return head_bytes(out, headers)


def encode_request_head(str method not None, str target not None, headers=()) -> bytes:
    """Serialize a request head: request line, fields, empty line (RFC 9112, section 3).

    Nothing is added: the caller gives Host and the framing fields. Raises ValueError for a character that may not
    stand there.
    """
    cdef OutBuffer out = OutBuffer()
    put_request_line(out, method, target)
    return head_bytes(out, headers)
