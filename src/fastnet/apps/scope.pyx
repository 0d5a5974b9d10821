"""The ASGI scope of an HTTP request (ASGI 3, HTTP message spec 2.4).

A request's scope is a copy of a base that holds every key with its most common value; only what differs is set.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint32_t
from libc.string cimport memchr

from fastnet.apps.base cimport Carrier
from fastnet.codecs cimport chttp1 as c
from fastnet.codecs.chttp1 cimport fn_http1_field
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.http1_names cimport FieldCache

from fastnet.codecs.http1_names import COMMON

cdef extern from "Python.h":
    object PyUnicode_DecodeASCII(const char *s, Py_ssize_t n, const char *errors)
    object PyUnicode_DecodeUTF8(const char *s, Py_ssize_t n, const char *errors)


@cython.final
cdef class ScopeBuilder:
    """Builds scopes; one a loop. root_path: where a proxy mounts the application."""

    def __init__(self, str root_path not None):
        self._fields = FieldCache(COMMON)
        self._root_path, self._root_path_raw = root_path, root_path.encode()
        self._get = "GET"
        self._base = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": self._get, "scheme": None, "path": "/", "raw_path": b"/", "query_string": b"", "root_path": root_path,
            "headers": (), "client": None, "server": None, "state": None,
            "extensions": {"http.response.trailers": {}, "http.response.pathsend": {}},
        }

    cdef dict build(self, Carrier carrier, dict state):
        cdef dict scope
        cdef Request request = carrier.conn.request
        cdef fn_http1_field *f
        cdef unsigned int i
        cdef list headers
        cdef tuple pair
        if carrier.scheme is not self._scheme:
            self._scheme = self._base["scheme"] = carrier.scheme
        if carrier.client is not self._client:
            self._client = self._base["client"] = carrier.client
        if carrier.server is not self._server:
            self._server = self._base["server"] = carrier.server
        scope = PyDict_Copy(self._base)
        if request.head.minor_version != 1:
            scope["http_version"] = "2" if request.head.minor_version else "1.0"
        method = request.method_str()
        if method is not self._get:
            scope["method"] = method
        scope["headers"] = headers = PyList_New(request.head.n_fields)
        for i in range(request.head.n_fields):
            f = &request.fields[i]
            pair = self._fields.pair(request.buf + f.name, f.name_len, request.buf + f.value, f.value_len)
            Py_INCREF(pair)
            PyList_SET_ITEM(headers, i, pair)
        if carrier.tls is not None:
            if carrier.tls_words is None:
                from fastnet.apps.tls_words import extension_of
                carrier.tls_words = {**self._base["extensions"], "tls": extension_of(carrier.tls)}
            scope["extensions"] = carrier.tls_words
        scope["state"] = PyDict_Copy(state) if state else {}
        if request.head.target_len > 1 or self._root_path or request.buf[request.head.target] != c"/":
            self._set_path(scope, request)
        return scope

    cdef int _set_path(self, dict scope, Request request) except -1:
        cdef const char *start = request.buf + request.head.target
        cdef const char *end = request.buf + request.head.query
        cdef const char *stop = start + request.head.target_len
        cdef bytes raw
        cdef object path
        cdef uint32_t n, at
        if end < stop:
            scope["query_string"] = PyBytes_FromStringAndSize(end + 1, stop - end - 1)
        if request.head.target_form == c.FN_HTTP1_ABSOLUTE:
            # http://host/path: the host counts as the Host field, which it overrules (RFC 9112, section 3.2.2)
            at = request.target_authority(&n)
            start = request.buf + at + n
            self._set_host(scope["headers"], PyBytes_FromStringAndSize(request.buf + at, n))
        raw = PyBytes_FromStringAndSize(start, end - start) if end > start else b"/"
        path = unquote(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
        if self._root_path and not (path.startswith(self._root_path + "/") or path == self._root_path):
            # the proxy took it off; ASGI wants it in
            raw, path = self._root_path_raw + raw, self._root_path + path
        scope["raw_path"], scope["path"] = raw, path
        return 0

    cdef int _set_host(self, list headers, bytes host) except -1:
        cdef Py_ssize_t i
        for i in range(len(headers)):
            if headers[i][0] == b"host":
                headers[i] = (b"host", host)
                return 0
        headers.insert(0, (b"host", host))
        return 0


cdef object unquote(const char *s, Py_ssize_t n):
    """Percent-decoded, as UTF-8. The parser has seen to it that each % is followed by two hex digits."""
    cdef bytes out
    cdef char *to
    cdef Py_ssize_t i = 0, used = 0
    if memchr(s, c"%", n) == NULL:
        return PyUnicode_DecodeASCII(s, n, NULL)
    out = PyBytes_FromStringAndSize(NULL, n)
    to = PyBytes_AS_STRING(out)
    while i < n:
        if s[i] == c"%":
            to[used] = <char>(digit(s[i + 1]) << 4 | digit(s[i + 2]))
            i += 3
        else:
            to[used] = s[i]
            i += 1
        used += 1
    return PyUnicode_DecodeUTF8(to, used, "replace")


cdef inline int digit(char ch) noexcept nogil:
    return ch - 48 if ch <= 57 else (ch | 32) - 87
