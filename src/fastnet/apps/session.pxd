# A connection of a service: its protocol and its handler; the C face of fastnet.apps.session.
from fastnet.apps.base cimport App, Carrier
from fastnet.apps.stepping cimport CoroutineExchange, Stepper
from fastnet.protocols.base cimport Protocol

cdef class ServiceApp(App):
    cdef readonly object service         # the Service
    cdef readonly Stepper stepper        # None where there is no event loop
    cdef object make                     # -> Protocol
    cdef object handler                  # class, or None
    cdef object answer                   # function, or None
    cdef bint is_async, wants_connection
    cdef int concurrency
    cdef readonly Py_ssize_t max_output  # bytes that wait for a slow reader before no more events are asked for
    cdef readonly double idle_timeout    # of protocols that know no time
    cdef Session open_session(self, Carrier carrier)

cdef class Session:
    cdef ServiceApp app
    cdef Carrier carrier
    cdef readonly Protocol protocol
    cdef Connection connection           # made when somebody asks for it
    cdef object handler                  # the object of the handler class, or None
    cdef object answer                   # what is called with an event
    cdef object stream                   # a generator that goes on answering, or None
    cdef object waiters                  # futures of drain(); None: no
    cdef readonly object error           # why the connection ends
    cdef double wake_at                  # the handler's own timeout
    cdef readonly int running            # coroutines that wait
    cdef readonly unsigned int answered  # events, since the driver last looked
    cdef unsigned long turner            # thread that runs turn(); 0: none
    cdef bint framed, pieces             # the protocol is a Framed, or Pieces, and no subclass
    cdef bint plain_events, plain_send, plain_output, plain_time   # next_event() and so on are not overridden
    cdef bint python_input               # receive_data() is, in Python
    cdef bint unmet                      # the handler's object is to be made when the protocol is open
    cdef bint stirred                    # something happened since the driver last looked
    cdef readonly bint hungry            # the last event was NEED_DATA
    cdef readonly bint over              # lost() was called
    cdef int begin(self) except -1
    cdef int receive(self, bytes data) except -1
    cdef int receive_eof(self) except -1
    cdef bint turn(self) except -1       # True: stopped because enough is queued; come again
    cdef bint pull(self) except -1
    cdef bint hunger(self) except -1
    cdef object take_one(self)           # what is to be written, if that is one piece; else None
    cdef list take(self)                 # what is to be written; None: nothing
    cdef bint is_done(self) noexcept     # the connection is to be closed, when all is written
    cdef bint is_idle(self) noexcept     # nothing is going on
    cdef double seconds_left(self) except? -1   # until expire(); inf: never
    cdef int expire(self) except -1
    cdef int drain(self) except -1
    cdef int lost(self, error) except -1
    cdef int drained(self) except -1
    cdef Py_ssize_t queued_bytes(self) noexcept   # that the driver has not taken yet
    cdef int failed(self, error) except -1
    cdef int deliver(self, result) except -1
    cdef int next_item(self) except -1
    cdef int meet(self) except -1
    cdef int call(self, event) except -1
    cdef int take_inbox(self) except -1
    cdef Connection face(self)
    cdef bint mine(self) noexcept

cdef class Connection:
    cdef Session session
    cdef object inbox                    # deque of (what, message) from outside the session's turn
    cdef public object state
    cdef Py_ssize_t inbox_bytes          # of messages in it, as far as they have a length
    cdef int post(self, what, message) except -1
