"""Interned forms of the header names that requests really have.

Making a Python string for each name of each request would cost several times what parsing it does. The table holds,
for about a hundred names in their usual and their lower-cased spelling, the lower-cased bytes (ASGI, codec) and the
environ key (WSGI). It is filled when made and only read afterwards, so any number of threads may share it and no
peer can make it grow; a name it lacks is built anew each time.

Values repeat as well: Host, User-Agent or Accept-Encoding are mostly what they were in the request before. A FieldCache
keeps the object made of the last value of each common field and gives it out again when the bytes are the same.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef enum:
    TABLE_SIZE = 1024      # entries; a power of two, several times the names in it
    MAX_KEPT = 512         # bytes of a value that a FieldCache keeps

COMMON_NAMES = (
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Access-Control-Allow-Origin",
    "Access-Control-Request-Headers", "Access-Control-Request-Method", "Age", "Allow", "Authorization",
    "Cache-Control", "CF-Connecting-IP", "CF-IPCountry", "CF-RAY", "CF-Visitor", "Connection", "Content-Disposition",
    "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range",
    "Content-Security-Policy", "Content-Type", "Cookie", "Date", "DNT", "ETag", "Expect", "Expires", "Forwarded",
    "From", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
    "Keep-Alive", "Last-Modified", "Link", "Location", "Max-Forwards", "Origin", "Pragma", "Priority",
    "Proxy-Authorization", "Range", "Referer", "Retry-After", "Sec-CH-UA", "Sec-CH-UA-Mobile",
    "Sec-CH-UA-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-GPC",
    "Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Server",
    "Set-Cookie", "Strict-Transport-Security", "TE", "Traceparent", "Tracestate", "Trailer", "Transfer-Encoding",
    "Upgrade", "Upgrade-Insecure-Requests", "User-Agent", "Vary", "Via", "WWW-Authenticate", "X-Amzn-Trace-Id",
    "X-Content-Type-Options", "X-Correlation-ID", "X-CSRF-Token", "X-CSRFToken", "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Frame-Options", "X-Powered-By", "X-Real-IP",
    "X-Request-ID", "X-Requested-With",
)
# Not worth keeping, since they never repeat, or not to be kept, since they are secrets.
VARYING_NAMES = frozenset((
    "Authorization", "CF-RAY", "Content-Length", "Cookie", "Date", "If-Modified-Since", "If-None-Match",
    "Proxy-Authorization", "Range", "Sec-WebSocket-Key", "Set-Cookie", "Traceparent", "Tracestate",
    "X-Amzn-Trace-Id", "X-Correlation-ID", "X-CSRF-Token", "X-CSRFToken", "X-Request-ID",
))

cdef extern from *:
    """
    #include <string.h>
    /* Latin-1 bytes as str, cheaper for ASCII than a decoder that must first find out. */
    static PyObject *fn_latin1_str(const char *s, Py_ssize_t n)
    {
        uint64_t high = 0, word;
        PyObject *out;
        Py_ssize_t i = 0;
        for (; i + 8 <= n; i += 8) {
            memcpy(&word, s + i, 8);
            high |= word;
        }
        for (; i < n; i++)
            high |= (unsigned char)s[i];
        if (high & 0x8080808080808080u)
            return PyUnicode_DecodeLatin1(s, n, NULL);
        out = PyUnicode_New(n, 127);
        if (out != NULL)
            memcpy(PyUnicode_1BYTE_DATA(out), s, n);
        return out;
    }
    """
    str latin1_str "fn_latin1_str"(const char *s, Py_ssize_t n)

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *s)
    const char *PyUnicode_1BYTE_DATA(PyObject *s)
    tuple PyTuple_New(Py_ssize_t n)
    void PyTuple_SET_ITEM(tuple t, Py_ssize_t i, object o)
    PyObject *PyTuple_GET_ITEM(PyObject *t, Py_ssize_t i)


cdef inline void ends(const char *name, Py_ssize_t n, uint64_t *first, uint64_t *last) noexcept nogil:
    """8 bytes from each end; of a shorter name, its two overlapping halves. Equal, with n, to the name if n <= 16."""
    cdef uint32_t low, high
    first[0] = last[0] = 0
    if n >= 8:
        memcpy(first, name, 8)
        memcpy(last, name + n - 8, 8)
    elif n >= 4:
        memcpy(&low, name, 4)
        memcpy(&high, name + n - 4, 4)
        first[0], last[0] = low, high
    elif n > 0:                              # HPACK can carry a name of no bytes
        first[0] = <unsigned char>name[0] | <unsigned char>name[n >> 1] << 8
        last[0] = <unsigned char>name[n - 1]


@cython.final
cdef class NameTable:
    """Lower-cased bytes and WSGI environ keys of COMMON_NAMES, by their usual and their lower-cased spelling."""

    def __cinit__(self):
        cdef NameEntry *entry
        cdef bytes raw
        self.entries = <NameEntry *>PyMem_Calloc(TABLE_SIZE, sizeof(NameEntry))
        if self.entries == NULL:
            raise MemoryError()
        self._alive = []
        for name in COMMON_NAMES:
            lower = name.lower().encode()
            key = self._make_key(name)
            for spelling in {name.encode(), name.title().encode(), lower}:
                raw = lower if spelling == lower else spelling
                entry = self._find(PyBytes_AS_STRING(raw), len(raw))
                self._alive.append((raw, lower, key))
                entry.raw, entry.lower, entry.key = <void *>raw, <void *>lower, <void *>key
                ends(PyBytes_AS_STRING(raw), len(raw), &entry.first, &entry.last)
                entry.n = len(raw)
                entry.varies = name in VARYING_NAMES

    def __dealloc__(self):
        PyMem_Free(self.entries)

    @staticmethod
    def _make_key(str name):
        key = name.upper().replace("-", "_")
        return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key

    cdef NameEntry *_find(self, const char *name, Py_ssize_t n) noexcept:
        """The entry of this name, or the empty one where it would stand."""
        cdef NameEntry *entry
        cdef uint64_t first, last, i
        ends(name, n, &first, &last)
        i = (first ^ (last * <uint64_t>0x9E3779B97F4A7C15) ^ <uint64_t>n) * <uint64_t>0xD6E8FEB86659FD93
        i = i >> 40 & (TABLE_SIZE - 1)
        while True:
            entry = &self.entries[i]
            if entry.raw == NULL or (
                entry.first == first and entry.last == last and entry.n == n
                and (n <= 16 or memcmp(PyBytes_AS_STRING(<object>entry.raw) + 8, name + 8, n - 16) == 0)
            ):
                return entry
            i = (i + 1) & (TABLE_SIZE - 1)

    cdef bytes lower(self, NameEntry *entry, const char *name, Py_ssize_t n):
        cdef bytes out
        cdef char *to
        cdef Py_ssize_t i
        if entry.raw != NULL:
            return <bytes>entry.lower
        out = PyBytes_FromStringAndSize(NULL, n)
        to = PyBytes_AS_STRING(out)
        for i in range(n):
            to[i] = name[i] | 32 if 65 <= name[i] <= 90 else name[i]
        return out

    cdef tuple pair(self, NameEntry *entry, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t n):
        """(lower-cased name, value), both bytes. `entry`: what _find() says of the name."""
        cdef tuple out = PyTuple_New(2)
        cdef bytes part = self.lower(entry, name, name_len)
        Py_INCREF(part)
        PyTuple_SET_ITEM(out, 0, part)
        part = PyBytes_FromStringAndSize(value, n)
        Py_INCREF(part)
        PyTuple_SET_ITEM(out, 1, part)
        return out

    cdef str environ_key(self, const char *name, Py_ssize_t n):
        cdef NameEntry *entry = self._find(name, n)
        if entry.raw != NULL:
            return <str>entry.key
        raw = name[:n]
        if b"_" in raw:
            return None
        return "HTTP_" + raw.decode("ascii").upper().replace("-", "_")


COMMON = NameTable()


@cython.final
cdef class FieldCache:
    """Objects made of the last value of each common field. Not for use by two threads at once."""

    def __cinit__(self, NameTable names not None):
        self.names = names
        self._texts = <void **>PyMem_Calloc(TABLE_SIZE, sizeof(void *))
        self._pairs = <void **>PyMem_Calloc(TABLE_SIZE, sizeof(void *))
        if self._texts == NULL or self._pairs == NULL:
            raise MemoryError()

    def __dealloc__(self):
        cdef int i
        for i in range(TABLE_SIZE):
            if self._texts != NULL:
                Py_XDECREF(<PyObject *>self._texts[i])
            if self._pairs != NULL:
                Py_XDECREF(<PyObject *>self._pairs[i])
        PyMem_Free(self._texts)
        PyMem_Free(self._pairs)

    cdef str text(self, NameEntry *entry, const char *value, Py_ssize_t n):
        """The value as str (Latin-1)."""
        cdef void **place
        cdef PyObject *last
        cdef str out
        if entry.varies or entry.raw == NULL or n > MAX_KEPT:
            return latin1_str(value, n)
        place = &self._texts[entry - self.names.entries]
        last = <PyObject *>place[0]
        # All of them are of the one-byte kind, ASCII or not.
        if last != NULL and PyUnicode_GET_LENGTH(last) == n and memcmp(PyUnicode_1BYTE_DATA(last), value, n) == 0:
            return <str>last
        out = latin1_str(value, n)
        Py_INCREF(out)
        place[0] = <void *>out
        Py_XDECREF(last)
        return out

    cdef tuple pair(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t n):
        """(lower-cased name, value), both bytes."""
        cdef NameEntry *entry = self.names._find(name, name_len)
        cdef void **place
        cdef PyObject *last
        cdef PyObject *old
        cdef tuple out
        if entry.varies or entry.raw == NULL or n > MAX_KEPT:
            return self.names.pair(entry, name, name_len, value, n)
        place = &self._pairs[entry - self.names.entries]
        last = <PyObject *>place[0]
        if last != NULL:
            old = PyTuple_GET_ITEM(last, 1)
            if PyBytes_GET_SIZE(<object>old) == n and memcmp(PyBytes_AS_STRING(<object>old), value, n) == 0:
                return <tuple>last
        out = self.names.pair(entry, name, name_len, value, n)
        Py_INCREF(out)
        place[0] = <void *>out
        Py_XDECREF(last)
        return out
