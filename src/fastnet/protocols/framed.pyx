"""Messages in a framing, as a protocol: the events are the messages that come, and what is sent is messages.

What a connection costs while nothing comes is this object and its decoder, which has no memory then.
"""

from libc.math cimport INFINITY

from fastnet.codecs.framing cimport Decoder, Framing
from fastnet.protocols.base cimport Protocol

from fastnet.protocols.base import NEED_DATA


cdef class Framed(Protocol):
    """A connection over which messages go both ways, each in a frame.

    Args:
        framing: how messages stand in the stream: see fastnet.framing.
        message_timeout: seconds from the first byte of a message to its last.
        idle_timeout: seconds without a message, in which nobody is answering one either.
    """

    def __init__(self, Framing framing not None, *, double message_timeout=20.0, double idle_timeout=INFINITY):
        self.framing = framing
        self.decoder = Decoder(framing)
        self.message_timeout, self.idle_timeout = message_timeout, idle_timeout
        self.began = INFINITY

    cpdef receive_data(self, data):
        cdef Decoder decoder = self.decoder
        cdef list messages = decoder.feed(data)
        if messages:
            if self.messages is None or self.at == len(self.messages):
                self.messages, self.at = messages, 0
            else:
                self.messages.extend(messages)
        if decoder.end == decoder.begin:
            self.began = INFINITY
        elif messages or self.began == INFINITY:
            self.began = self.now

    cpdef receive_eof(self):
        self.eof_received = True
        self.began = INFINITY
        if self.decoder.failure is None:
            self.decoder.eof()

    cpdef next_event(self):
        """The next message; NEED_DATA. Raises ProtocolError for a bad frame, LimitExceeded for one that is too long."""
        if self.messages is not None:
            message = self.messages[self.at]
            self.at += 1
            if self.at == len(self.messages):
                self.messages = None
            return message
        if self.decoder.failure is not None:
            raise self.decoder.error
        return NEED_DATA

    cpdef send(self, event):
        """Queue a message. Raises ValueError for one that the framing cannot send."""
        self.write(self.framing.encode(event))

    cpdef next_timeout(self):
        cdef double left = self.idle_timeout
        if self.began != INFINITY:
            left = max(0.0, self.began + self.message_timeout - self.now)
        return None if left == INFINITY else left
