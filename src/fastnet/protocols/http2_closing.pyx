"""How streams of HTTP/2 end, and connections, and what a client may do for nothing (RFC 9113, sections 5.4, 6.8 and 10.5).

A stream that was reset is remembered for a while, since frames for it may be on their way. Resets, and frames that ask
for nothing, are counted: so many in ten seconds, and who goes over is told ENHANCE_YOUR_CALM.
"""

from libc.stdint cimport uint32_t

from fastnet.codecs cimport chttp2 as c
from fastnet.codecs.http2 cimport put_u32
from fastnet.protocols.http1 cimport CLOSED, STREAMS
from fastnet.protocols.http2_sender cimport Multiplexer, Stream

cdef enum:
    MOST_RESET = 256           # streams that were reset that are remembered
    COUNTED_S = 10             # in which so many resets, and idle frames, are allowed


cdef class Closing(Multiplexer):
    """The ends of streams and of the connection, and windows that are opened again."""

    cdef int give_back(self, Stream stream) except -1:
        self._unread += stream.withheld
        stream.withheld = 0
        if not stream.ended_in and not stream.aborted and stream.unread * 2 >= self.ws.settings.stream_window:
            self.put_number(c.FN_HTTP2_WINDOW_UPDATE, stream.id, stream.unread)
            stream.room += stream.unread
            stream.unread = 0
        return self._open_window()

    cdef int _open_window(self) except -1:
        if self._unread * 2 >= CONNECTION_WINDOW:
            self.put_number(c.FN_HTTP2_WINDOW_UPDATE, 0, self._unread)
            self._room += self._unread
            self._unread = 0
        return 0

    cdef int forget(self, Stream stream, bint was_reset) except -1:
        self.streams.pop(stream.id, None)
        self.answering = len(self.streams) > 0
        if stream.queued:
            self.queue.remove(stream)
            stream.queued, stream.body = False, None
        if was_reset:
            stream.aborted = True
            self._remember_reset(stream.id)
        self._unread += stream.withheld
        stream.withheld = 0
        return self._open_window()

    cdef int drop(self, Stream stream) except -1:
        if stream.carrier is not None and stream not in self._lost:
            self._lost.append(stream)
        return 0

    cdef int _break_stream(self, uint32_t id, uint32_t code) except -1:
        cdef Stream stream = <Stream>self.streams.get(id)
        if stream is not None:
            stream.close(code)
        else:
            self.put_number(c.FN_HTTP2_RST_STREAM, id, code)
            self._remember_reset(id)
        return self._count_reset()

    cdef int _remember_reset(self, uint32_t id) except -1:
        self._reset[id] = None
        if len(self._reset) > MOST_RESET:
            del self._reset[next(iter(self._reset))]
        return 0

    cdef int _break(self, uint32_t code) except -1:
        self._say_goaway(self._last_id, code)
        self._close(True, True)
        return STREAMS

    cdef int _say_goaway(self, uint32_t last, uint32_t code) except -1:
        cdef char payload[8]
        put_u32(payload, last)
        put_u32(payload + 4, code)
        self.put_frame(c.FN_HTTP2_GOAWAY, 0, 0, payload, 8)
        self.goaway_sent = True
        self._last_goaway = last != MOST_WINDOW
        return 0

    cdef int shut(self) except -1:
        if not self.is_closed():
            if self._greeted:
                self._say_goaway(self._last_id, c.FN_HTTP2_NO_ERROR)
            self._close(False, not self.eof)
        return 0

    cdef int fail(self, int status, str text) except -1:
        self._break(c.FN_HTTP2_INTERNAL_ERROR)
        return CLOSED

    cdef int _refill(self) noexcept:
        cdef double share = (self.ws.now - self._counted_at) / COUNTED_S
        self._counted_at = self.ws.now
        self._resets = min(<double>self.ws.settings.max_resets, self._resets + share * self.ws.settings.max_resets)
        self._control = min(<double>self.ws.settings.max_control, self._control + share * self.ws.settings.max_control)
        return 0

    cdef int _count_reset(self) except -1:
        self._refill()
        self._resets -= 1
        return self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM) if self._resets < 0 else STREAMS

    cdef bint _count_control(self, uint32_t weight) noexcept:
        self._refill()
        self._control -= weight
        return self._control >= 0
