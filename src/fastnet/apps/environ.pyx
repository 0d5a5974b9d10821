"""The WSGI environ of a request (PEP 3333), built with as few dict operations as can be.

A request's environ is a copy of a base that already holds every key which most requests have, with the value that most
requests have; only what differs is set. When two requests of a thread have the very same header fields, as those of one
client mostly do, these become part of what is copied, until others come. Header fields whose name has an underscore are
left out: they could not be told from their twin with a hyphen, which a proxy may have set.
"""

from urllib.parse import unquote_to_bytes

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy, PyDict_Size
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t
from libc.string cimport memchr, memcmp

from fastnet.apps.base cimport Carrier
from fastnet.codecs.chttp1 cimport FN_HTTP1_ABSOLUTE, FN_HTTP1_CONTENT_LENGTH, FN_HTTP1_ORIGIN, fn_http1_field
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.http1_names cimport FieldCache, NameEntry

from fastnet.codecs.http1_names import COMMON

cdef enum:
    MAX_KEPT = 1024        # bytes of header fields that are compared with those of the next request

cdef extern from *:
    """
    #include <string.h>
    /* Bytes known to be ASCII as str: cheaper than a decoder that must first find out. */
    static PyObject *fn_ascii_str(const char *s, Py_ssize_t n)
    {
        PyObject *out = PyUnicode_New(n, 127);
        if (out != NULL)
            memcpy(PyUnicode_1BYTE_DATA(out), s, n);
        return out;
    }
    """
    str ascii_str "fn_ascii_str"(const char *s, Py_ssize_t n)

cdef extern from "Python.h":
    PyObject *PyDict_SetDefault(dict d, object key, object value) except NULL    # borrowed


@cython.final
cdef class Template:
    """An environ to copy, and the client whose name and port it has."""

    def __cinit__(self, dict environ):
        self.environ = environ

    cdef int name_client(self, Carrier carrier) except -1:
        cdef tuple client = carrier.client
        cdef dict environ = self.environ
        if client is None:
            environ["REMOTE_ADDR"] = environ["REMOTE_PORT"] = ""
        else:
            if carrier.client_port is None:
                carrier.client_port = str(client[1])
            if self.client is None or client[0] is not self.client[0]:
                environ["REMOTE_ADDR"] = client[0]
            environ["REMOTE_PORT"] = carrier.client_port
        self.client = client
        return 0


@cython.final
cdef class EnvironBuilder:
    """Builds environs; one a thread. `root` is SCRIPT_NAME, taken off the front of the path; `keys` are the wsgi.*."""

    def __init__(self, str root not None, str scheme not None, dict keys not None):
        self._root = root or None
        self._fields = FieldCache(COMMON)
        environ = {}
        # One by one: CPython then keeps the keys in its faster table for strings. 22 of them, or a few more: the table
        # then has room for 20 more, so that a copy need not grow when the header fields are added.
        for key, value in {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": root, "PATH_INFO": "/", "QUERY_STRING": "", "REQUEST_URI": "/",
            "SERVER_NAME": "", "SERVER_PORT": "", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "fastnet",
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_SCHEME": scheme, "REMOTE_ADDR": "", "REMOTE_PORT": "", **keys,
        }.items():
            environ[key] = value
        self._base = Template(environ)

    cdef dict build(self, Carrier carrier):
        cdef Request request = carrier.conn.request
        cdef Template template = self._base
        cdef dict environ
        cdef const char *buf = request.buf
        cdef const char *lines = buf
        cdef Py_ssize_t n = 0
        cdef bint has_length = carrier.conn.content_length >= 0, repeated
        if carrier.server is not self._server:
            self._name_server(carrier.server)
        if request.head.n_fields:
            lines, n = buf + request.fields[0].name, request.size - request.fields[0].name
        repeated = self._same_fields(lines, n)
        if repeated:
            template = self._filled
            if template is None:
                template = self._filled = Template(PyDict_Copy(self._base.environ))
                template.client = self._base.client
                self._add_fields(template.environ, request, has_length)
        if carrier.client is not template.client:
            template.name_client(carrier)
        environ = PyDict_Copy(template.environ)
        if not repeated:
            self._filled = None
            self._lines = lines[:n] if self._add_fields(environ, request, has_length) and n <= MAX_KEPT else None
        if request.head.method_len != 3 or memcmp(buf + request.head.method, b"GET", 3) != 0:
            environ["REQUEST_METHOD"] = request.method_str()
        self._set_path(environ, request)
        if request.head.minor_version != 1:
            environ["SERVER_PROTOCOL"] = "HTTP/2" if request.head.minor_version else "HTTP/1.0"
        if carrier.tls is not None:
            if carrier.tls_words is None:
                from fastnet.apps.tls_words import environ_of
                carrier.tls_words = environ_of(carrier.tls)
            environ.update(carrier.tls_words)
        return environ

    cdef bint _same_fields(self, const char *lines, Py_ssize_t n) noexcept:
        return (self._lines is not None and PyBytes_GET_SIZE(self._lines) == n
                and memcmp(PyBytes_AS_STRING(self._lines), lines, n) == 0)

    cdef bint _add_fields(self, dict environ, Request request, bint has_length) except -1:
        """Set the header fields; True if the next request may well have the same, and none of them is a secret."""
        cdef fn_http1_field *f
        cdef NameEntry *entry
        cdef const char *buf = request.buf
        cdef Py_ssize_t before
        cdef unsigned int i
        cdef bint repeats = True
        cdef str key, value
        for i in range(request.head.n_fields):
            f = &request.fields[i]
            entry = self._fields.names._find(buf + f.name, f.name_len)
            if entry.raw != NULL:
                key = <str>entry.key
                repeats = repeats and not entry.varies
            else:
                key = self._fields.names.environ_key(buf + f.name, f.name_len)
                repeats = False        # who knows
            if key is None or (f.id == FN_HTTP1_CONTENT_LENGTH and not has_length):
                continue
            value = self._fields.text(entry, buf + f.value, f.value_len)
            before = PyDict_Size(environ)
            present = <str>PyDict_SetDefault(environ, key, value)
            if PyDict_Size(environ) == before:
                # several fields of one name are one list (RFC 9110, section 5.3); cookies have their own separator
                environ[key] = present + ("; " if key == "HTTP_COOKIE" else ",") + value
        return repeats

    cdef int _name_server(self, tuple server) except -1:
        cdef dict environ = self._base.environ
        if server == self._server:             # of another connection to the same place
            self._server = server
            return 0
        self._server = server
        # A Unix socket has neither, and PEP 3333 wants both.
        named = server is not None and server[1] is not None
        environ["SERVER_NAME"] = host_of(server[0]) if named else "localhost"
        environ["SERVER_PORT"] = str(server[1]) if named else "80"
        self._filled = None
        return 0

    cdef int _set_path(self, dict environ, Request request) except -1:
        cdef const char *target = request.buf + request.head.target
        cdef Py_ssize_t n = request.head.query - request.head.target
        cdef Py_ssize_t rest = request.head.target_len - n
        cdef str root = self._root, text, raw
        cdef uint32_t at, size
        if n == 1 and rest == 0 and target[0] == 47:
            return 0                           # "/", as in the base
        environ["REQUEST_URI"] = raw = ascii_str(target, request.head.target_len)
        if rest > 1:
            environ["QUERY_STRING"] = ascii_str(target + n + 1, rest - 1)
        if request.head.target_form == FN_HTTP1_ORIGIN:
            if memchr(target, 37, n) != NULL:
                text = unquote_to_bytes(target[:n]).decode("latin-1")
            else:
                text = ascii_str(target, n) if rest else raw
        elif request.head.target_form == FN_HTTP1_ABSOLUTE:
            at = request.target_authority(&size)
            target = request.buf + at + size
            n = request.buf + request.head.query - target
            text = unquote_to_bytes(target[:n]).decode("latin-1") or "/"
            # overrules the Host field, if there is one (RFC 9112, section 3.2.2)
            environ["HTTP_HOST"] = ascii_str(request.buf + at, size)
        else:
            text = ""       # "*" and CONNECT's host:port name no path
        if root is not None and text.startswith(root) and (len(text) == len(root) or text[len(root)] == "/"):
            text = text[len(root):]
        environ["PATH_INFO"] = text
        return 0


cdef object host_of(address):
    """As in a URL (RFC 3875, section 4.1.14)."""
    return f"[{address}]" if ":" in address else address
