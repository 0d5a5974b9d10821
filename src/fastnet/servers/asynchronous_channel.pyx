"""A connection of the asyncio driver: a transport under the pump; and the Hub of a loop, which keeps its deadlines.

The transport calls in with what it has read; the pump answers; everything that came of it leaves in one write. There is
no task, timer, queue or buffer a connection: an idle one is a transport, a channel and the state machine.

Deadlines are data (`conn.deadline`). The Hub has one timer, set for the earliest of them when that is known to it: a
turn that ends with an earlier one moves the timer, one with a later one leaves it, and when it fires all connections
are looked at. A loop with nothing due has no timer.
"""

from socket import SO_LINGER, SOL_SOCKET
from struct import pack

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.math cimport INFINITY

from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport Connection
from fastnet.servers.board cimport Board
from fastnet.servers.pump cimport Pump

from fastnet.servers.tls import facts_of

cdef enum:
    LINGER_BYTES = 1 << 20          # input read and dropped after an early close
    LINGER_S = 2
    IDLE_GRACE_S = 1                # draining: for a request that is on its way on an idle connection

cdef double SWEEP_S = 0.25          # deadlines are met within this


@cython.final
cdef class Hub:
    """The connections of one loop.

    full() is called when there are too many, or no descriptors for more: stop accepting; room() when it may go on.
    """

    def __init__(self, loop, Pump pump not None, *, long max_connections, int max_fd, full, room):
        self.loop, self.pump = loop, pump
        self.most, self.last_fd = max_connections, max_fd
        self.on_full, self.on_room = full, room
        self.next_sweep = self.idle_until = INFINITY

    def place(self, Board board not None, int worker, int thread):
        """Tell the supervisor, in this slot of the board, what runs."""
        self.pump.slot = board.slot(worker, thread)

    def beat(self):
        """Sign of life of the loop."""
        if self.pump.slot != NULL:
            self.pump.slot.beat = self.pump.tick()

    def protocol_factory(self, str scheme, server):
        """What makes the protocols of a listener. `server`: its (host, port) or (path, None); None: as the socket says."""
        def make():
            cdef AsynchronousChannel channel = AsynchronousChannel.__new__(AsynchronousChannel)
            channel.hub, channel.scheme = self, scheme
            channel.server = server
            return channel
        return make

    cdef int add(self, AsynchronousChannel channel) except -1:
        channel.after = self.first
        if self.first != NULL:
            (<AsynchronousChannel>self.first).before = <PyObject *>channel
        self.first = <PyObject *>channel
        self.count += 1
        self.pump.opened()
        if not self.full and self.count >= self.most:
            self.full = True
            self.on_full()
        return 0

    cdef int remove(self, AsynchronousChannel channel) except -1:
        if channel.before != NULL:
            (<AsynchronousChannel>channel.before).after = channel.after
        else:
            self.first = channel.after
        if channel.after != NULL:
            (<AsynchronousChannel>channel.after).before = channel.before
        channel.before = channel.after = NULL
        self.count -= 1
        self.pump.closed()
        if self.full and self.count < self.most:
            self.full = False
            self.on_room()
        if self.count == 0 and self.empty is not None and not self.empty.done():
            self.empty.set_result(None)
        return 0

    cdef int arm(self, double deadline) except -1:
        """See to `deadline` in time."""
        cdef double now = self.pump.ws.now
        # Never later than it is set: who is overdue and still busy would put the sweep off with each turn.
        cdef double at = max(deadline, now + SWEEP_S)
        if at >= self.next_sweep:
            return 0
        if self.timer is not None:
            self.timer.cancel()
        self.next_sweep = at
        self.timer = self.loop.call_later(at - now, self._sweep)
        return 0

    def _sweep(self):
        cdef PyObject *at = self.first
        cdef AsynchronousChannel channel
        cdef double now = self.pump.tick(), next_due = INFINITY
        cdef bint grace_over = now >= self.idle_until          # which is inf, unless the loop drains
        self.timer, self.next_sweep = None, INFINITY
        while at != NULL:
            channel = <AsynchronousChannel>at
            at = channel.after
            if grace_over and channel.idle() and not channel.tunnels():
                channel.stop()
            elif channel.due() <= now or (grace_over and channel.tunnels()):
                channel.expire_now()
            next_due = min(next_due, channel.due())
        if next_due != INFINITY:
            self.arm(next_due + SWEEP_S)

    cdef int flush_log(self) except -1:
        if not self.flushing:
            self.flushing = True
            self.loop.call_soon(self._flush_log)
        return 0

    def _flush_log(self):
        self.flushing = False
        self.pump.access.flush()

    def drain(self):
        """Close what is idle, after a moment; let the rest be answered. Returns a future: no connection is left."""
        self.draining = self.pump.ws.draining = True
        self.pump.tick()
        self.idle_until = self.pump.ws.now + IDLE_GRACE_S
        self.empty = self.loop.create_future()
        if self.count == 0:
            self.empty.set_result(None)
        else:
            self.arm(self.idle_until)
        return self.empty

    def abort(self):
        """Drop every connection."""
        cdef PyObject *at = self.first
        while at != NULL:
            channel = <AsynchronousChannel>at
            at = (<AsynchronousChannel>channel).after
            if (<AsynchronousChannel>channel).transport is not None:
                (<AsynchronousChannel>channel).transport.abort()

    def close(self):
        """No more timers."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@cython.final
cdef class AsynchronousChannel(Channel):
    """An asyncio protocol (by its methods: connection_made and so on), with the pump above and a transport below."""

    # --- called by the transport -------------------------------------------------------------------------------------

    def connection_made(self, transport):
        cdef Hub hub = self.hub
        self.transport = transport
        self.close_at = INFINITY
        peer = transport.get_extra_info("peername")
        self.client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        session = transport.get_extra_info("ssl_object")
        if session is not None:
            self.tls = facts_of(session)
        if self.server is None:
            self.server = transport.get_extra_info("sockname")[:2]
        self.pump = hub.pump
        hub.pump.tick()
        self.conn = Connection(hub.pump.ws)
        hub.add(self)
        if transport.get_extra_info("socket").fileno() > hub.last_fd:
            hub.on_full()
        hub.arm(self.conn.deadline)

    def data_received(self, data):
        self.hub.pump.tick()
        if self.finished:
            self.drop(len(data))
            return
        if not PyBytes_CheckExact(data):
            data = bytes(data)
        self.fed = True
        try:
            if self.feed(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)):
                self.schedule()
        finally:
            self.fed = False
            self.settle_turn()

    def eof_received(self):
        self.hub.pump.tick()
        if self.finished:
            return False
        self.stopped = True          # the transport reads no more
        try:
            if self.feed_end():
                self.schedule()
        finally:
            self.settle_turn()
        return True

    def connection_lost(self, error):
        cdef Hub hub = self.hub
        if self.transport is None:
            return
        self.transport = None
        hub.pump.tick()
        self.finished = True
        self.conn.out.clear()
        self.conn.settle_output()
        hub.remove(self)
        self.lost()
        if hub.pump.access is not None:
            hub.flush_log()

    def pause_writing(self):
        self.blocked = True

    def resume_writing(self):
        self.blocked = False
        self.hub.pump.tick()
        self.take_stock()
        if not self.turning:
            self._turn()

    # --- called by the pump and the app ------------------------------------------------------------------------------

    cdef int awake(self) except -1:
        if not self.turning:
            self.pump.tick()
        return 0

    cdef int flush(self) except -1:
        cdef Connection conn = self.conn
        cdef OutBuffer out = conn.out
        cdef Py_ssize_t n = out.total - out.sent
        cdef list pieces
        if n == 0:
            return 0
        if conn.aborted or self.transport is None or (not self.fed and self.transport.is_closing()):
            out.clear()
            self.blocked = True      # so that nobody goes on producing; connection_lost() is on its way
        else:
            pieces = out.take()
            self.fed = False
            if len(pieces) == 1:
                self.transport.write(pieces[0])
            else:
                self.transport.writelines(pieces)
            self.unsent += n
            self.take_stock()
        return conn.settle_output()

    cdef int proceed(self) except -1:
        # Not at once: this is called from the app, and may start another request.
        if self.turning:
            self.again = True
            return 0
        self._answered()
        self.flush()
        return self.schedule()

    cdef bint congested(self):
        return self.blocked or self.conn.congested()

    cdef int finish(self) except -1:
        cdef Connection conn = self.conn
        cdef object transport = self.transport
        cdef bint is_cut = conn.is_cut()
        if transport is None:
            return 0
        if is_cut:
            # with a reset: an end would be taken for that of the answer, as would TLS's
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        if conn.aborted or (is_cut and self.scheme == "https"):
            transport.abort()
        elif conn.linger and not conn.eof and not is_cut:
            # Closing with input unread would reset the connection, and the peer might never see the answer.
            self.lingering = True
            self.close_at = self.hub.pump.ws.now + LINGER_S
            if transport.can_write_eof():
                transport.write_eof()
            if self.stopped:
                self.stopped = False
                transport.resume_reading()
        else:
            self.close_at = self.hub.pump.ws.now + conn.ws.settings.write_timeout
            transport.close()
        return 0

    # --- between them ------------------------------------------------------------------------------------------------

    def _turn(self):
        self.scheduled = False
        if self.transport is None or self.finished:
            return
        self.hub.pump.tick()
        try:
            if self.turn():
                self.schedule()
        finally:
            self.settle_turn()

    cdef int schedule(self) except -1:
        if not self.scheduled:
            self.scheduled = True
            self.hub.loop.call_soon(self._turn)
        return 0

    cdef int settle_turn(self) except -1:
        """After a turn: read on or not, and be woken in time."""
        cdef bint stop
        self.pump.app.end_turn()
        if not self.finished:
            stop = not self.conn.wants_read()
            if stop != self.stopped and not self.conn.eof:
                self.stopped = stop
                if stop:
                    self.transport.pause_reading()
                else:
                    self.transport.resume_reading()
        if self.due() < self.hub.next_sweep:
            self.hub.arm(self.due())
        if self.pump.access is not None:
            self.hub.flush_log()
        return 0

    cdef bint tunnels(self) noexcept:
        return self.exchange is not None and self.exchange.tunnels

    cdef double due(self) noexcept:
        if self.finished:
            return self.close_at
        if self.hub.draining and self.idle():
            return min(self.conn.deadline, self.hub.idle_until)
        return self.conn.deadline

    cdef int drop(self, Py_ssize_t n) except -1:
        if self.lingering:
            self.dropped += n
            if self.dropped > LINGER_BYTES:
                self.transport.abort()
        return 0

    cdef int take_stock(self) except -1:
        """Tell the connection how much has left. Less than the transport's high-water mark counts as gone."""
        cdef Py_ssize_t left = 0, gone
        if self.blocked:
            left = self.transport.get_write_buffer_size()
        # What counted as gone before the transport was full may be among what it holds.
        gone, self.unsent = max(0, self.unsent - left), left
        return self.conn.progress(gone, left > 0)

    cdef int expire_now(self) except -1:
        if self.finished:
            self.close_at = INFINITY
            self.transport.abort()
            return 0
        if self.unsent:
            self.take_stock()
            if self.conn.deadline > self.pump.ws.now:
                return 0
        try:
            if self.expire():
                self.schedule()
        finally:
            self.settle_turn()
        return 0

    cdef int stop(self) except -1:
        """Close, idle as it is."""
        self.finished = True
        self.close_at = self.pump.ws.now + LINGER_S
        self.transport.close()
        return 0
