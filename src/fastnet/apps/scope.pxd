# The ASGI scope of an HTTP request.
from fastnet.apps.base cimport Carrier
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.http1_names cimport FieldCache

cdef class ScopeBuilder:
    cdef dict _base                   # scope of every request, with a place for each key that differs
    cdef object _server, _client      # in the base: the last request's
    cdef str _get, _scheme            # in the base, too
    cdef FieldCache _fields
    cdef str _root_path
    cdef bytes _root_path_raw
    cdef dict build(self, Carrier carrier, dict state)     # state: of the lifespan, copied
    cdef int _set_path(self, dict scope, Request request) except -1
    cdef int _set_host(self, list headers, bytes host) except -1
