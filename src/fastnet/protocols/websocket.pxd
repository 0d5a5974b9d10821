# One side of one WebSocket connection, without I/O; the C face of fastnet.protocols.websocket.
from fastnet.codecs.websocket cimport Close, Decoder, Encoder
from fastnet.protocols.base cimport Protocol

cdef class WebSocket(Protocol):
    cdef readonly bint client
    cdef readonly object options         # an Options
    cdef readonly object handshake       # until it is complete; None from then on
    cdef readonly object request         # head of the opening handshake, on the server's side
    cdef readonly object response        # head of its answer, on the client's side
    cdef readonly object subprotocol     # that was agreed on, or None
    cdef readonly bint compressed        # permessage-deflate was agreed on
    cdef readonly int close_code         # of the peer's Close; 1006: it went without one; 0: it has not
    cdef readonly str close_reason
    cdef readonly double latency         # seconds that the last ping took; inf: none was answered yet
    cdef Decoder decoder
    cdef Encoder encoder
    cdef unsigned char state
    cdef double ping_interval, ping_timeout, message_timeout, close_timeout
    cdef double heard                    # when something came last
    cdef double pinged                   # when the ping was sent that is not answered; inf: there is none
    cdef double began                    # when the unfinished message did; inf: there is none
    cdef double close_at                 # when the other side has had time enough to close; inf: it does not run
    cdef unsigned int pings
    cdef bint holds_close                # the peer's Close is answered by close() only
    cdef int answer_close(self) except -1
    cdef bint is_asked(self) noexcept    # the peer's Close waits for that
    cdef int opened(self, deflating) except -1
    cdef int end(self) except -1
    cdef int take_close(self, Close close) except -1
    cdef int say_close(self, int code, str reason) except -1
    cdef double due(self) noexcept
    cdef bint is_over(self) noexcept     # no messages come or go any more
