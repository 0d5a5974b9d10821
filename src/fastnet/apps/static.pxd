from fastnet.apps.base cimport App, Exchange
from fastnet.codecs.http1 cimport Request

cdef class StaticApp(App):
    cdef App _inner
    cdef object _files
    cdef list _prefixes               # bytes of the paths under which there are files
    cdef bint _is_under(self, Request request) except -1

cdef class StaticExchange(Exchange):
    cdef object _answer               # an Answer
    cdef int _fd                      # its file, until that is closed; -1: none
    cdef list _parts                  # of its body, those still to be sent
    cdef long long _at, _left         # of the part being read here
    cdef int _go_on(self) except -1
    cdef int _next_part(self) except -1
    cdef int _close(self) except -1
