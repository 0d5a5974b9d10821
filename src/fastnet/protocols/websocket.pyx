"""One side of one WebSocket connection (RFC 6455), without I/O: messages in, messages out, the rest by itself.

Events are messages, `str` or `bytes`, and so is what is sent; a Ping, Pong or Close may be sent, too. Pings are answered,
and sent when nothing comes; a Close is answered, and whoever is to close the connection (the server, section 7.1.1)
does. A peer that breaks the rules is told so by a Close with the code of its fault, 1002, 1007 or 1009 (section 7.1.7).

`handshake` is asked first: an object that turns the bytes of the opening handshake into an Agreed, see
websocket_handshake. Without one the connection is open from the start, as after an upgrade that somebody else has seen to.

Every deadline is data: see Options, and "time" below.
"""

from libc.math cimport INFINITY

from fastnet.codecs.websocket cimport (GOING_AWAY, INTERNAL_ERROR, NO_CLOSE, NORMAL, PROTOCOL_ERROR, REASON_BYTES, TOO_LATE,
                                       Close, Decoder, Encoder, Ping, Pong)
from fastnet.protocols.base cimport Protocol

from fastnet.errors import LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket_options import Options

cdef enum:
    # what has become of the connection
    OPENING                # the handshake is not complete
    OPEN
    ASKED                  # the peer's Close has come, and its answer is held back: see holds_close
    CLOSING                # our Close is sent, the peer's has not come
    OVER                   # it has, or the connection broke


cdef class WebSocket(Protocol):
    """One side of a connection."""

    def __init__(self, options=None, *, bint client=False, handshake=None, deflating=None, subprotocol=None):
        if options is None:
            options = Options()
        self.options, self.client, self.handshake = options, client, handshake
        self.subprotocol, self.close_reason = subprotocol, ""
        self.ping_interval, self.ping_timeout = options.ping_interval, options.ping_timeout
        self.message_timeout, self.close_timeout = options.message_timeout, options.close_timeout
        self.pinged = self.began = self.latency = self.close_at = INFINITY
        self.opening = handshake is not None
        if handshake is None:
            self.opened(deflating)

    cdef int opened(self, deflating) except -1:
        options = self.options
        self.compressed = deflating is not None
        self.decoder = Decoder(
            client=self.client, max_message_bytes=options.max_message_bytes, max_frame_bytes=options.max_frame_bytes,
            max_fragments=options.max_fragments, inflate=None if deflating is None else deflating.inflate)
        if deflating is None:
            self.encoder = Encoder(client=self.client)
        else:
            self.encoder = Encoder(client=self.client, deflate=deflating.deflate, deflate_from=deflating.from_bytes)
        self.state, self.opening, self.close_at, self.heard = OPEN, False, INFINITY, self.now
        return 0

    # --- inbound -----------------------------------------------------------------------------------------------------

    cpdef connection_made(self):
        self.heard = self.now
        if self.handshake is not None:
            self.close_at = self.now + self.options.handshake_timeout
            for piece in self.handshake.begin():
                self.write(piece)

    cpdef receive_data(self, data):
        """Bytes came. Raises ProtocolError only on a client's side, when the server refuses the handshake."""
        self.heard = self.now
        if self.state == OPENING:
            agreed = self.handshake.receive(data)
            for piece in self.handshake.data_to_send():
                self.write(piece)
            if agreed is None:
                if self.handshake.refused:
                    self.state, self.closing = OVER, True
                return
            self.handshake = None
            self.request, self.response, self.subprotocol = agreed.request, agreed.response, agreed.subprotocol
            self.opened(agreed.deflating)
            data = agreed.rest
        if self.state != OVER:
            self.decoder.receive(data if type(data) is bytes else bytes(data))

    cpdef receive_eof(self):
        self.eof_received = True

    cpdef next_event(self):
        """The next message; NEED_DATA. Raises ProtocolError, or LimitExceeded, when the peer broke the rules."""
        cdef object event
        if self.state == OPENING:
            return NEED_DATA
        while self.state != OVER:
            event = self.decoder.next()
            if event is None:
                if not self.decoder.unfinished():
                    self.began = INFINITY
                elif self.began == INFINITY:
                    self.began = self.now
                if self.eof_received:
                    self.state, self.close_code = OVER, NO_CLOSE
                break
            if type(event) is Ping:
                if self.state <= ASKED:
                    self.write(self.encoder.encode(Pong((<Ping>event).data)))
            elif type(event) is Pong:
                self.latency = self.now - self.pinged if self.pinged != INFINITY else self.latency
                self.pinged = INFINITY
            elif type(event) is Close:
                self.take_close(<Close>event)
            else:
                self.began = INFINITY
                if self.state == OPEN:
                    return event
        return NEED_DATA

    cdef int take_close(self, Close close) except -1:
        self.close_code, self.close_reason = close.code, close.reason
        if self.state == OPEN:
            self.state, self.close_at = ASKED, self.now + self.close_timeout
            return 0 if self.holds_close else self.answer_close()
        return self.end()

    cdef int answer_close(self) except -1:
        self.say_close(self.close_code, "")
        return self.end()

    cdef int end(self) except -1:
        self.state = OVER
        # The server closes the connection first, and a client waits for it (section 7.1.1).
        if not self.client:
            self.closing = True
        else:
            self.close_at = self.now + self.close_timeout
        return 0

    # --- outbound ----------------------------------------------------------------------------------------------------

    cpdef send(self, event):
        """Queue a message: `str` or bytes-like; or a Ping, Pong or Close, after which nothing is sent any more.

        Raises TypeError for anything else, RuntimeError before the connection is open.
        """
        cdef list pieces
        if self.state != OPEN and self.state != ASKED:
            if self.state == OPENING:
                raise RuntimeError("the opening handshake is not complete")
            return
        if type(event) is Close:
            if self.state == ASKED:
                self.answer_close()
                return
            self.say_close((<Close>event).code, (<Close>event).reason)
            self.state = CLOSING
            return
        pieces = []
        self.encoder.put(pieces, event)
        for piece in pieces:
            self.write(piece)

    cdef int say_close(self, int code, str reason) except -1:
        self.write(self.encoder.encode(Close(code, reason)))
        self.close_at = self.now + self.close_timeout
        return 0

    cpdef close(self):
        """End it: a Close is sent, and the connection closed when the other side's has come, or close_timeout is over."""
        if self.state == OPEN:
            self.send(Close(NORMAL))
        elif self.state == ASKED:
            self.answer_close()
        elif self.state != CLOSING:
            self.closing = True

    cpdef drain(self):
        if self.state == OPENING:
            self.closing = True
        elif self.state == OPEN:
            self.send(Close(GOING_AWAY))
        elif self.state == ASKED:
            self.answer_close()

    cpdef fail(self, error):
        cdef int code = INTERNAL_ERROR
        cdef str reason = ""
        if self.state == OPEN or self.state == ASKED:
            if isinstance(error, ProtocolError):
                code, reason = PROTOCOL_ERROR, str(error)
                if 1000 < error.status < 1015:
                    code = error.status
                elif isinstance(error, LimitExceeded):
                    code = TOO_LATE
            self.say_close(code, reason.encode()[:REASON_BYTES].decode("utf-8", "ignore"))
        self.state = OVER

    cdef bint is_over(self) noexcept:
        return self.state > ASKED

    cdef bint is_asked(self) noexcept:
        return self.state == ASKED

    # --- time --------------------------------------------------------------------------------------------------------

    cdef double due(self) noexcept:
        if self.state != OPEN:
            return self.close_at
        return min(self.began + self.message_timeout,
                   self.heard + self.ping_interval if self.pinged == INFINITY
                   else max(self.pinged, self.heard) + self.ping_timeout)

    cpdef next_timeout(self):
        cdef double due = self.due()
        return None if due == INFINITY else max(0.0, due - self.now)

    cpdef handle_timeout(self, double now):
        """A ping is due, or its pong, the end of a message or of the handshake was."""
        self.now = now
        if now < self.due():
            return
        if self.state == ASKED:
            self.answer_close()
        elif self.state != OPEN:
            self.abort()
        elif now >= self.began + self.message_timeout:
            self.fail(LimitExceeded(f"a message takes longer than {self.message_timeout:g} s"))
            self.closing = True
        elif self.pinged != INFINITY:
            self.close_code = NO_CLOSE
            self.abort()
        else:
            self.pings += 1
            self.write(self.encoder.encode(Ping(self.pings.to_bytes(4, "big"))))
            self.pinged = now
