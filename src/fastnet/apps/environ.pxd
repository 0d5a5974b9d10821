# The WSGI environ of a request (PEP 3333), built with as few dict operations as can be.
from fastnet.apps.base cimport Carrier
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.http1_names cimport FieldCache

cdef class EnvironBuilder:
    cdef dict _base             # environ of every request, with a place for each key that differs
    cdef str _root              # path prefix that becomes SCRIPT_NAME; None: none
    cdef tuple _server, _client # whose names and ports stand in _base
    cdef FieldCache _fields
    cdef dict build(self, Carrier carrier)
    cdef int _name_peers(self, tuple server, tuple client) except -1
    cdef int _set_path(self, dict environ, Request request) except -1
