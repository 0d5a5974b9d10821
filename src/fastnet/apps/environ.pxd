# The WSGI environ of a request (PEP 3333), built with as few dict operations as can be.
from fastnet.apps.base cimport Carrier
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.http1_names cimport FieldCache

# An environ to copy, and the client whose name and port it has.
cdef class Template:
    cdef dict environ
    cdef tuple client
    cdef int name_client(self, Carrier carrier) except -1

cdef class EnvironBuilder:
    cdef Template _base         # of every request, with a place for each key that differs
    cdef Template _filled       # that with the fields of the last request as well; None until they came twice
    cdef bytes _lines           # the last request's fields, as they came; None if not to be kept
    cdef str _root              # path prefix that becomes SCRIPT_NAME; None: none
    cdef tuple _server          # whose name and port stand in the templates
    cdef FieldCache _fields
    cdef dict build(self, Carrier carrier)
    cdef int _name_server(self, tuple server) except -1
    cdef bint _same_fields(self, const char *lines, Py_ssize_t n) noexcept
    cdef bint _add_fields(self, dict environ, Request request, bint has_length) except -1
    cdef int _set_path(self, dict environ, Request request) except -1
