# ASGI 3 over the pump.
from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.apps.stepping cimport CoroutineExchange, Stepper
from fastnet.apps.scope cimport ScopeBuilder

cdef class ASGIApp(App):
    cdef object callable
    cdef ScopeBuilder scopes
    cdef readonly object loop
    cdef readonly Stepper stepper
    cdef public dict state            # of the lifespan; each request gets a shallow copy

cdef class ASGIExchange(CoroutineExchange):
    cdef ASGIApp app
    cdef dict scope
    cdef list chunks                  # body that the app has not received yet; None: nothing
    cdef Py_ssize_t chunk_bytes
    cdef list waiters                 # futures of receive() and send() that wait; None: nobody does
    cdef object headers               # held back until the first part of the body
    cdef int status
    cdef long long length             # of the file that is the body; -1: the body comes in messages
    cdef unsigned char state          # what the app is to send next
    cdef bint begun                   # the app was called
    cdef bint inside                  # the app is being called or stepped by the pump, which flushes and goes on
    cdef bint body_ended              # the whole body has arrived
    cdef bint body_told               # the app has received the end of the body
    cdef bint eof_seen                # the client will send nothing more
    cdef bint gone                    # the client is gone
    cdef bint trailers                # announced in http.response.start
    cdef int begin(self, bint inside) except -1
    cdef str label(self)
    cdef int claim(self, Carrier carrier) except -1
    cdef int wake(self) except -1
    cdef object future(self)
    cdef object next_message(self)
    cdef bint deliver(self, object message) except -1
    cdef int deliver_start(self, dict message) except -1
    cdef int deliver_body(self, dict message) except -1
    cdef int deliver_trailers(self, dict message) except -1
    cdef int put_head(self, long long length) except -1
    cdef int put_end(self, list trailers) except -1
    cdef bint has_room(self) except -1
