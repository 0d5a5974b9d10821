# ASGI's websocket scope over an upgraded connection.
from fastnet.apps.asgi_messages cimport MessageExchange
from fastnet.apps.base cimport Carrier
from fastnet.apps.scope cimport ScopeBuilder
from fastnet.apps.stepping cimport Stepper
from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.websocket cimport WebSocket

cdef bint asks_for_websocket(Connection conn) except -1

cdef class WebSocketExchange(MessageExchange):
    cdef object options               # an Options
    cdef object request               # the head, kept
    cdef object deflated              # (field, Deflating) to be answered; None: nothing
    cdef WebSocket ws                 # from websocket.accept on
    cdef list events                  # messages that the app has not received, from `at` on
    cdef Py_ssize_t at, event_bytes
    cdef object headers               # of a denial, held back until the first part of its body
    cdef int status
    cdef unsigned char state
    cdef object failure               # what the client did wrong, until the app has received what came before; None
    cdef bint connect_told
    cdef int close_code               # what websocket.disconnect says
    cdef str close_reason
    cdef int accept(self, dict message) except -1
    cdef int deny(self, int status, headers, bytes body, bint more) except -1
    cdef int refuse(self, refusal) except -1
    cdef int deny_part(self, dict message) except -1
    cdef int put_denial(self, bytes body, bint more) except -1
    cdef int send_message(self, dict message) except -1
    cdef int close(self, dict message) except -1
    cdef int pull(self) except -1
    cdef int end_it(self, Carrier carrier) except -1
    cdef int put_out(self) except -1
    cdef int moved(self) except -1
    cdef int set_deadline(self) noexcept
    cdef str label(self)

cdef WebSocketExchange new_websocket(Carrier carrier, callable, Stepper stepper, ScopeBuilder scopes, dict state, options)
