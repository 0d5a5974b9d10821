"""The native driver as a guest on an asyncio loop (or uvloop's): for ASGI, and for WSGI whose threads the loop feeds.

The epoll set of the native driver is one more descriptor that the host watches. When it has events the host calls in,
and a turn is the native straight run: take events, accept, receive, parse, step the application, send. There is no
transport, no callback, no timer and no buffer a connection; deadlines are the native driver's, whose timer is in the
set. A turn that has lasted TURN_S leaves the rest of its events for the next one, so that the host's own callbacks and
timers come to their turn.

What an application does between turns, when the host steps its coroutine, goes out at once; but the connection itself
goes on (its next request may begin, on another coroutine) only when the host has come back to this driver.

Loops of one process, each in its thread, serve the same listeners. Whoever accepts a connection gives it to the loop
that has the fewest: it puts it into that one's epoll set, and nothing else is needed.
"""

import sys
from collections import deque

cimport cython
from libc.stdint cimport uint32_t

from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.workspace cimport Workspace
from fastnet.servers.board cimport Board
from fastnet.servers.hub cimport (LISTENER, Hub, Place, epoll_event, epoll_wait, fn_add, fn_claim, fn_release,
                                  fn_store)
from fastnet.servers.native cimport MOST_EVENTS, Loop
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport CLOCK_MONOTONIC, Pump, clock
from fastnet.servers.tracing cimport Tracer, Trail

cdef extern from "unistd.h" nogil:
    int usleep(unsigned int us)

cdef enum:
    SHARE_BYTES = 1 << 20      # of an answer sent in a row between turns
    HAND_OVER_US = 20

cdef double TURN_S = 0.004     # what a turn may last while others on the host wait
# Of several loops under one GIL each hands over after this, between two requests rather than inside one, where the
# interpreter would switch (after 5 ms); the shorter, the more evenly. A short sleep does it: who only lets go of the GIL
# takes it back before others wake.
cdef double HOLD_S = 0.0008


def host(loop, Pump pump not None, config, list sockets not None, list siblings not None):
    """A HostedLoop that serves `sockets`, of which it keeps copies, on `loop`; to be made and used in its thread.

    siblings: the list of such loops in this process; each adds itself when it begins to listen.
    """
    cdef HostedLoop self = HostedLoop(Hub(config, [sock.dup() for sock in sockets], 1), pump, False)
    self.loop, self.siblings, self.queue = loop, siblings, deque()
    self.has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return self


@cython.final
@cython.auto_pickle(False)
cdef class HostedLoop(Loop):
    """The connections of one loop; see host()."""

    # --- what the service asks for -----------------------------------------------------------------------------------

    def place(self, Board board not None, int worker, int thread):
        """Tell the supervisor, in this slot of the board, what runs."""
        self.pump.slot = board.slot(worker, thread)

    def beat(self):
        """Sign of life of the loop."""
        if self.pump.slot != NULL:
            self.pump.slot.beat = self.pump.tick()

    @property
    def count(self):
        """Open connections."""
        return self.hub.count

    async def listen(self):
        """Begin to accept."""
        self.siblings.append(self)
        if self.is_service:
            self.hub.open_datagrams(self.pump.app, self.pump.tick(), self.siblings[0] is self)
        self.loop.add_reader(self.hub.epfd, self._ready)

    def drain(self):
        """Accept who is in the backlog, and nobody after; close what is idle, after a moment; let the rest be answered.

        Returns a future: no connection is left.
        """
        self.over = self.loop.create_future()
        self.begin_drain()
        self.end_turn()
        return self.over

    def abort(self):
        """Drop every connection."""
        cdef Place *place
        cdef NativeChannel channel
        cdef int fd
        for fd in range(self.hub.top + 1):
            place = &self.hub.places[fd]
            if place.channel != NULL and fn_claim(&place.state):
                channel = <NativeChannel>place.channel
                channel.cut()
                channel.closed = True
                self.close(fd, place, channel)

    def leave(self):
        """Serve no more. Connections should be gone by now."""
        self.loop.remove_reader(self.hub.epfd)
        if self in self.siblings:
            self.siblings.remove(self)

    # --- called by the host ------------------------------------------------------------------------------------------

    def _ready(self):
        cdef int i, first = 0
        cdef epoll_event event
        if self.at == self.n:
            self.at, self.n = 0, max(0, epoll_wait(self.hub.epfd, self.events, MOST_EVENTS, 0))
            for i in range(self.n):
                # Who waits in the backlog comes first, lest his first answer take two rounds of all the others.
                if <uint32_t>self.events[i].data.u64 >= <uint32_t>LISTENER:
                    event = self.events[i]
                    self.events[i] = self.events[first]
                    self.events[first] = event
                    first += 1
        self.go_on()

    def _resume(self):
        self.resuming = False
        self.go_on()

    def _serve_queue(self):
        cdef HostedChannel channel
        cdef double since = self.pump.tick()
        self.queue_runs = False
        for _ in range(len(self.queue)):
            channel = self.queue.popleft()
            channel.queued = False
            if not channel.closed:
                self.pump.tick()
                self.serve(channel.fd, self.hub.places[channel.fd].generation, 0)
                if self.pump.ws.now - since > TURN_S:
                    break
        if self.queue:
            self.run_queue()
        self.end_turn()

    # --- between them ------------------------------------------------------------------------------------------------

    cdef int go_on(self) except -1:
        """Serve the events that were taken, as far as a turn's time goes."""
        cdef bint shares = self.has_gil and len(self.siblings) > 1
        cdef double since = clock(CLOCK_MONOTONIC) if shares else self.pump.tick()
        cdef double now
        try:
            while self.at < self.n:
                self.at += 1
                self.handle(&self.events[self.at - 1])
                if shares:
                    now = clock(CLOCK_MONOTONIC)
                    self.held += now - since
                    since = now
                    if self.held > HOLD_S:
                        break
                elif self.pump.ws.now - since > TURN_S:
                    break
        finally:
            if self.at < self.n and not self.resuming:
                self.resuming = True
                self.loop.call_soon(self._resume)
            self.end_turn()
        if self.held > HOLD_S:
            self.held = 0
            with nogil:
                usleep(HAND_OVER_US)
        return 0

    cdef int end_turn(self) except -1:
        cdef Hub hub = self.hub
        try:
            self.end_round()
        finally:
            self.pump.app.end_turn()
        if self.over is not None and ((hub.count == 0 and not hub.left) or hub.stopping) and not self.over.done():
            self.over.set_result(None)
        return 0

    cdef int enqueue(self, HostedChannel channel) except -1:
        """Go on with the channel in a turn of its own."""
        if not channel.queued:
            channel.queued = channel.yielded = True
            self.queue.append(channel)
            self.run_queue()
        return 0

    cdef int run_queue(self) except -1:
        if not self.queue_runs:
            self.queue_runs = True
            self.loop.call_soon(self._serve_queue)
        return 0

    cdef int serve_again(self) except -1:
        cdef double since = self.pump.ws.now
        while True:
            Loop.serve_again(self)
            if not self.hub.again or self.pump.ws.now - since > TURN_S:
                return 0

    # --- accepting ---------------------------------------------------------------------------------------------------

    cdef NativeChannel make_channel(self, Workspace ws):
        cdef HostedChannel channel
        if self.is_service:
            return Loop.make_channel(self, ws)
        if self.pump.tracer is None:
            channel = HostedChannel.__new__(HostedChannel)
        else:
            channel = TracedHostedChannel.__new__(TracedHostedChannel)
            (<TracedHostedChannel>channel).trail = (<Tracer>self.pump.tracer).trail()
        channel.conn = Connection(ws)
        channel.host = self
        return channel

    cdef int open(self, int fd, client, server, tls) except -1:
        cdef HostedLoop to = self, other
        for other in self.siblings:
            if other.hub.count < to.hub.count and not other.hub.draining:
                to = other
        if to is self or self.hub.draining:
            return Loop.open(self, fd, client, server, tls)
        # Counted first: where there is no GIL, the other may begin to drain just now, and end when it counts none.
        fn_add(&to.hub.count, 1)
        try:
            if to.hub.draining:
                return Loop.open(self, fd, client, server, tls)
            return to.take(fd, client, server, tls, self.pump.ws)
        finally:
            fn_add(&to.hub.count, -1)

    cdef int take(self, int fd, client, server, tls, Workspace ws) except -1:
        """open(), called in the thread of another loop, whose clock and workspace are lent."""
        cdef Hub hub = self.hub
        cdef Place *place = &hub.places[fd]
        cdef NativeChannel channel = self.settle(fd, client, server, tls, ws)
        place.deadline = channel.due()
        hub.see_to(place.deadline)
        if not self.watch(fd):
            channel.pump = self.pump
            return self.close(fd, place, channel)
        if not fn_release(&place.state):
            # Its thread saw the first event already, and left it to us.
            fn_store(&place.state, 0)
            hub.queue_up(fd, place.generation)
        return 0


@cython.auto_pickle(False)
cdef class HostedChannel(NativeChannel):
    """A connection of a hosted loop. Its application may answer between turns, too."""

    cdef int awake(self) except -1:
        if not self.turning:
            self.pump.tick()
        return 0

    cdef int flush(self) except -1:
        cdef Place *place
        NativeChannel.flush(self)
        if self.turning:
            self.flushed = self.conn.answer_bytes
            return 0
        place = &self.host.hub.places[self.fd]
        place.deadline = self.conn.deadline
        self.host.hub.see_to(place.deadline)
        if self.conn.aborted:
            self.host.enqueue(self)
        return 0

    cdef int proceed(self) except -1:
        # Not at once: this is called from an application's coroutine, and may start another one.
        if self.turning:
            self.again = True
            return 0
        self._answered()
        self.flush()
        return self.host.enqueue(self)

    cdef bint share_over(self) noexcept:
        if self.turning:
            return NativeChannel.share_over(self)
        return self.conn.answer_bytes - self.flushed > SHARE_BYTES


@cython.final
@cython.auto_pickle(False)
cdef class TracedHostedChannel(HostedChannel):
    """What a HostedLoop serves when it traces: the same overrides as TracedChannel's, over another class."""
    cdef Trail trail

    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1:
        self.trail.ready()
        return HostedChannel.on_ready(self, mask, buf, room)

    cdef int feed(self, const char *data, Py_ssize_t n) except -1:
        self.trail.read()
        return HostedChannel.feed(self, data, n)

    cdef int _open(self) except -1:
        self.trail.parsed(self)
        return HostedChannel._open(self)

    cdef int _answered(self) except -1:
        cdef bint before = self.exchange is not None
        HostedChannel._answered(self)
        if before and self.exchange is None:
            self.trail.answered(self.conn)
        return 0

    cdef int flush(self) except -1:
        cdef long long before = self.left_to_send()
        HostedChannel.flush(self)
        if self.left_to_send() < before and not self.conn.aborted:
            self.trail.wrote()
        return 0

    cdef int turn(self) except -1:
        cdef bint inner = self.turning
        cdef int more = HostedChannel.turn(self)
        if not inner:
            self.trail.turned(self.left_to_send() == 0)
        return more

    cdef int lost(self) except -1:
        HostedChannel.lost(self)
        return self.trail.lost()
