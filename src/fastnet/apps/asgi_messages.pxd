# What an ASGI application awaits: the awaitables of receive() and send(); and what a message that it sends is made of.
from cpython.object cimport PyObject

from fastnet.apps.base cimport Carrier
from fastnet.apps.stepping cimport CoroutineExchange, Stepper
from fastnet.protocols.http1 cimport Connection

cdef enum:
    # what became of a message
    SENT, MUST_WAIT, IS_FILE

cdef enum:
    # kinds of messages
    START_MESSAGE, BODY_MESSAGE, TRAILERS_MESSAGE, PATH_MESSAGE, OTHER_MESSAGE

cdef enum:
    # fields of messages
    TYPE, BODY_FIELD, MORE_BODY, STATUS, HEADERS, TRAILERS_FIELD, N_FIELDS

cdef int take_apart(dict message, PyObject **values) except -1    # values[N_FIELDS], owned; NULL: there is none
cdef int kind_of(object kind) except -1
cdef int put_fields(Connection conn, int status, object fields) except -1    # a head of an answer, up to end_head()
cdef int check_field(object name, object value) except -1
cdef bytes body_of(object value)

# The exchange as they see it.
cdef class MessageExchange(CoroutineExchange):
    cdef object callable                  # the application
    cdef Stepper stepper
    cdef dict scope
    cdef object receive_method, send_method    # bound methods, made once
    cdef list waiters                     # futures of receive() and send() that wait; None: nobody does
    cdef bint begun                       # the app was called
    cdef bint inside                      # the app is being called or stepped by the pump, which flushes and goes on
    cdef bint gone                        # the client is
    cdef int begin(self, bint inside) except -1          # call the app and step it
    cdef int claim(self, Carrier carrier) except -1
    cdef object waiter(self)
    cdef int wake(self) except -1
    cdef object next_message(self)        # what receive() gives; None: nothing yet
    cdef int deliver(self, object message) except -1     # IS_FILE: send_file() is what sends it
    cdef object file_sender(self, object message)        # a coroutine that sends a file
    cdef bint has_room(self) except -1    # more may be sent
    cdef object future(self)              # done when something has changed; to be yielded by an awaitable

cdef object new_receive(MessageExchange exchange)
cdef object new_send(MessageExchange exchange, object message)
