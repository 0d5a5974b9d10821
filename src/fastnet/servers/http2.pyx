"""HTTP/2 under the pump: one channel, many exchanges, each with a carrier of its own.

The channel finds out that its client speaks HTTP/2, by ALPN or by the preface, and calls on() for a Streams object, which
takes the place of the single exchange. A carrier hands on what its application asks for to the channel, which owns
the socket. What applications queue goes out when the channel flushes; what waits for a window or its turn follows in
fill(), for as long as there is room.
"""

cimport cython

from fastnet.apps.base cimport Carrier, Exchange
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport CLOSED, DATA, END, HEAD, PAUSED
from fastnet.protocols.http2 cimport LOST, Http2Connection
from fastnet.protocols.http2_sender cimport Stream
from fastnet.servers.board cimport LEFT, count_answer
from fastnet.servers.pump cimport CLOCK_MONOTONIC, SHARE_OVER, Channel, Streams, clock


def on(Channel channel not None) -> Streams:
    """The client of a channel speaks HTTP/2: what has come already is the beginning of it."""
    cdef Http2Connection conn = Http2Connection(channel.pump.ws)
    cdef Http2Streams self = Http2Streams.__new__(Http2Streams)
    conn.adopt(channel.conn)
    channel.conn = conn
    self.channel, self.conn = channel, conn
    return self


@cython.final
cdef class StreamCarrier(Carrier):
    """One stream of a channel."""

    cdef int awake(self) except -1:
        cdef Http2Connection conn = <Http2Connection>self.channel.conn
        # Whoever else's turn it is, what he has put into the shared buffer is not for this client.
        if not self.channel.turning and conn.out is conn.ws.out and conn.out.total > 0:
            conn.out = OutBuffer()
        return self.channel.awake()

    cdef int flush(self) except -1:
        return (<Http2Streams>self.channel.streams)._send()

    cdef int proceed(self) except -1:
        (<Http2Streams>self.channel.streams)._after(<Stream>self.conn)
        return self.channel.proceed()

    cdef bint congested(self):
        return self.conn.congested() or self.channel.congested()

    cdef bint share_over(self) noexcept:
        return self.channel.share_over()

    cdef int cut_answer(self) except -1:
        self.conn.abort()
        return self.channel.proceed()

    cdef int wait_room(self) except -1:
        return self.channel.wait_room()


@cython.final
cdef class Http2Streams(Streams):
    """The exchanges of one connection."""

    cdef int pull(self) except -1:
        cdef Channel channel = self.channel
        cdef Http2Connection conn = self.conn
        cdef Stream stream
        cdef StreamCarrier carrier
        cdef int event
        while True:
            event = conn.step()
            if event == HEAD:
                self._open(conn.stream)
            elif event == DATA or event == END or event == LOST:
                carrier = <StreamCarrier>conn.stream.carrier
                if carrier is not None:
                    if event == DATA:
                        carrier.exchange.data(conn.data, conn.data_len)
                    elif event == LOST:
                        self._lose(conn.stream)
                    else:
                        channel._running()
                        carrier.exchange.end()
            else:
                break
            stream = conn.stream
            if stream.carrier is not None:
                self._after(stream)
            if conn._left > 0 and channel.share_over():
                event = SHARE_OVER
                break
        if event == CLOSED:
            self.lost()
            return CLOSED
        if self._drain():
            event = SHARE_OVER
        conn.fill()
        conn._set_deadline()
        if event == PAUSED or conn.fillable():
            channel.again = True         # there is more for when this has been flushed
        return event

    cdef bint _drain(self) except -1:
        """Let those go on who waited for room; True if others come first."""
        cdef Stream stream
        cdef StreamCarrier carrier
        for stream in list(self.conn.streams.values()):
            carrier = <StreamCarrier>stream.carrier
            if carrier is None or not carrier.exchange.waiting or carrier.congested():
                continue
            if self.channel.share_over():
                return True
            carrier.exchange.waiting = False
            self.channel._running()
            carrier.exchange.drained()
            self._after(stream)
        return False

    cdef int _send(self) except -1:
        cdef Http2Connection conn = self.conn
        conn._set_deadline()
        self.channel.flush()
        while conn.queue and not conn.out.total and not self.channel.blocked and conn.fillable():
            conn.fill()
            self.channel.flush()
        return 0

    cdef int _open(self, Stream stream) except -1:
        cdef Channel channel = self.channel
        cdef StreamCarrier carrier = StreamCarrier.__new__(StreamCarrier)
        carrier.channel, carrier.conn = channel, stream
        carrier.client, carrier.client_port, carrier.server = channel.client, channel.client_port, channel.server
        carrier.scheme, carrier.tls, carrier.tls_words = channel.scheme, channel.tls, channel.tls_words
        channel._show(stream.request)
        carrier.began = channel.began
        if channel.pump.access is not None:
            carrier.record = channel._begin_record(stream.request)
        stream.carrier = carrier
        carrier.exchange = channel.pump.app.open(carrier)
        carrier.exchange.start()
        channel.client_port, channel.tls_words = carrier.client_port, carrier.tls_words      # for the next stream
        return 0

    cdef int _after(self, Stream stream) except -1:
        """An exchange has run: it may have answered, or want no more, or more again."""
        cdef StreamCarrier carrier = <StreamCarrier>stream.carrier
        if carrier is None:
            return 0
        if stream.answering:
            if stream.held == carrier.exchange.wants_data():
                stream.hold(not stream.held)
            return 0
        stream.carrier = None
        carrier.exchange = None
        if self.channel.pump.slot != NULL:
            count_answer(self.channel.pump.slot, stream.status, clock(CLOCK_MONOTONIC) - carrier.began,
                         stream.answer_bytes)
        self._told(stream, carrier)
        return 0

    cdef int _told(self, Stream stream, StreamCarrier carrier) except -1:
        cdef Channel channel = self.channel
        channel._idle()
        if carrier.record is not None:
            channel._write_record(carrier.record, stream.status, stream.answer_bytes)
        return 0

    cdef int _lose(self, Stream stream) except -1:
        cdef Exchange exchange
        cdef StreamCarrier carrier = <StreamCarrier>stream.carrier
        stream.carrier = None
        if carrier is not None and carrier.exchange is not None:
            self.channel.pump.count(LEFT)
            self.channel._running()
            exchange = carrier.exchange
            carrier.exchange = None
            exchange.lost()
            self._told(stream, carrier)
        return 0

    cdef int lost(self) except -1:
        cdef Stream stream
        for stream in [*self.conn._lost, *self.conn.streams.values()]:
            stream.aborted = True
            self._lose(stream)
        self.conn._lost.clear()
        self.conn.streams.clear()
        self.conn.queue.clear()
        self.conn.answering = False
        return 0
