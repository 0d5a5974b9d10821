# ASGI 3 over the pump.
from cpython.object cimport PyObject

from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.apps.asgi_messages cimport MessageExchange
from fastnet.apps.stepping cimport Stepper
from fastnet.apps.scope cimport ScopeBuilder

cdef class ASGIApp(App):
    cdef object callable
    cdef ScopeBuilder scopes
    cdef readonly object loop
    cdef object websocket             # Options of WebSockets
    cdef readonly Stepper stepper
    cdef public dict state            # of the lifespan; each request gets a shallow copy
    cdef ASGIExchange _last           # used again if nobody holds it any more

cdef class ASGIExchange(MessageExchange):
    cdef ASGIApp app
    cdef list chunks                  # body that the app has not received yet; None: nothing
    cdef Py_ssize_t chunk_bytes
    cdef object headers               # held back until the first part of the body
    cdef int status
    cdef long long length             # of the file that is the body; -1: the body comes in messages
    cdef unsigned char state          # what the app is to send next
    cdef bint body_ended              # the whole body has arrived
    cdef bint body_told               # the app has received the end of the body
    cdef bint eof_seen                # the client will send nothing more
    cdef bint ended                   # the app's coroutine has ended
    cdef bint trailers                # announced in http.response.start
    cdef bint is_free(self)
    cdef int begin_again(self, Carrier carrier) except -1
    cdef str label(self)
    cdef int deliver_start(self, PyObject **values) except -1
    cdef int deliver_body(self, PyObject **values) except -1
    cdef int deliver_trailers(self, dict message) except -1
    cdef bint deliver_file(self, int fd, long long n) except -1
    cdef int put_head(self, long long length) except -1
    cdef int put_end(self, list trailers) except -1
