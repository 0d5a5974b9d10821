"""The native driver: one thread, or many, over one epoll set. For apps that block (WSGI).

Every connection is registered once, edge-triggered, and stays registered: an answer costs recv and send and nothing
else. With one thread (prefork) that is the whole story. With many (threaded) all wait on the same set and whoever is
woken serves the connection to the end of its turn. A connection is claimed by an atomic flag in its place; whoever
finds it claimed leaves a mark instead, and the owner looks again before it lets go. So there is no dispatcher, no
hand-over queue and no re-arming.

Threads that share a GIL gain nothing by waking up only to wait for it. So one of them polls, and further ones are
parked until the poller has a request to answer, which may block; see Loop.poll().

A connection that has had its share of a thread queues up behind the others, and whichever thread comes to it goes on
with it. Deadlines stand in the places, and one sweep over them, when the earliest is due, finds every slow client; a
timer in the set wakes one thread for that, so that no other needs to. Signals come as bytes from a pipe in the set: what
they ask for is done between requests, never in the middle of one.
"""

import os
import signal
import threading

from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport EAGAIN, EBADF, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t, uint64_t

from fastnet.apps.session cimport ServiceApp
from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.workspace cimport Settings, Workspace
from fastnet.servers.board cimport NO_FILES, Board
from fastnet.servers.datagrams cimport Datagrams
from fastnet.servers.hub cimport (ALARM, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, LISTENER, SIGNALS, TIMER, Hub, Place,
                                  epoll_event, epoll_wait, eventfd_read, fn_add, fn_claim, fn_mark, fn_raise,
                                  fn_release, fn_store, sem_post, sem_wait)
from fastnet.servers.names cimport local_name, name_of, sockaddr, sockaddr_storage
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport CLOCK_MONOTONIC, Pump, clock
from fastnet.servers.stream_channel cimport new_stream_channel
from fastnet.servers.tls_layer cimport TLSLayer
from fastnet.servers.tracing cimport TracedChannel, Tracer

from fastnet.servers import http2
from fastnet.servers.accesslog import access_log
from fastnet.servers.barrier import refuse
from fastnet.servers.datagrams import is_datagram
from fastnet.servers.log import LOGGER
from fastnet.servers.pump import blocking_app, files_of, settings_of
from fastnet.servers.signals import leave_signals, leave_to_pipe
from fastnet.servers.traced_app import traced

cdef extern from "sys/socket.h" nogil:
    const int SOCK_NONBLOCK, SOCK_CLOEXEC
    int accept4(int fd, sockaddr *address, unsigned int *size, int flags)

cdef extern from "unistd.h" nogil:
    int close_fd "close"(int fd)

cdef enum:
    INPUT_ROOM = 65536         # of the buffer that a thread reads into
cdef double SWEEP_S = 0.25         # deadlines are met within this
cdef double DRAIN_IDLE_S = 1.0     # what an idle connection is given, in a drain, for a request that is on its way
# A thread whose turn lasted this long lets a waiting one go on, between two requests rather than inside one, where the
# interpreter would switch (after 5 ms).
cdef double TURN_S = 0.004


cdef class Loop:
    """One thread of the driver."""

    def __cinit__(self, Hub hub, Pump pump, bint is_main):
        self.hub, self.pump, self.is_main = hub, pump, is_main
        self.is_service = isinstance(pump.app, ServiceApp)
        self.buf = <char *>PyMem_Malloc(INPUT_ROOM)
        if self.buf == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_Free(self.buf)

    def run(self):
        """Serve until the hub stops."""
        cdef Hub hub = self.hub
        cdef Pump pump = self.pump
        cdef int i, n
        while not hub.stopping:
            n = self.wait()
            if n <= 0 and self.is_main:
                PyErr_CheckSignals()
            for i in range(n):
                self.handle(&self.events[i])
            self.end_round()

    cdef int handle(self, const epoll_event *event) except -1:
        cdef Hub hub = self.hub
        cdef uint64_t data = event.data.u64
        cdef uint32_t fd = <uint32_t>data
        self.pump.tick()                       # what was served before may have taken its time
        self.pump.ws.draining = hub.draining
        if fd < <uint32_t>SIGNALS:
            return self.serve(fd, <uint32_t>(data >> 32), event.events)
        if fd >= <uint32_t>LISTENER:
            if hub.datagrams[fd - LISTENER] is not None:
                return self.serve_datagrams(fd - LISTENER)
            return self.accept(fd - LISTENER, hub.listeners[fd - LISTENER].fileno())
        if fd == <uint32_t>ALARM:
            return self.serve_again()
        if fd == <uint32_t>SIGNALS:
            return self.obey()
        self.due = True                        # TIMER, by its own clock, which is ahead of the coarse one
        return 0

    cdef int end_round(self) except -1:
        """After the events of one wait."""
        if self.due or self.pump.ws.now >= self.hub.next_sweep:
            self.due = False
            self.sweep(self.pump.tick())
        if self.pump.access is not None:
            self.pump.access.flush()
        return 0

    cdef int wait(self) except -1:
        """Take the next events; with many threads one at a time, for what is taken no other thread will serve."""
        if self.hub.takes_turns:
            return self.poll()
        return self.block(MOST_EVENTS if self.hub.threads == 1 else 1)

    cdef int block(self, int most) except -1:
        cdef int n, epfd = self.hub.epfd
        with nogil:
            n = epoll_wait(epfd, self.events, most, -1)
        return max(n, 0)

    cdef int poll(self) except -1:
        """Take an event, as one of the threads that share a GIL.

        While there is work this thread goes on without letting the GIL go, which would cost more than the request.
        Whoever takes an event makes sure that somebody polls in its stead, for the app may block.
        """
        cdef Hub hub = self.hub
        cdef int n
        hub.pollers += 1
        if hub.pollers > 1 and clock(CLOCK_MONOTONIC) - self.turn_since > TURN_S:
            self.park()
        n = epoll_wait(hub.epfd, self.events, 1, 0)
        while n <= 0 and not hub.stopping:
            if hub.pollers > 1:
                self.park()
                n = epoll_wait(hub.epfd, self.events, 1, 0)
            else:
                n = self.block(1)
                self.turn_since = clock(CLOCK_MONOTONIC)
                break
        hub.pollers -= 1
        if hub.pollers == 0 and hub.parked > 0:
            hub.parked -= 1
            hub.pollers += 1
            sem_post(&hub.turnstile)
        return max(n, 0)

    cdef int park(self) except -1:
        cdef Hub hub = self.hub
        cdef int failed
        hub.pollers -= 1
        hub.parked += 1
        while not hub.stopping:
            with nogil:
                failed = sem_wait(&hub.turnstile)
            if not failed:
                break                # whoever posted counted this thread as a poller again
            PyErr_CheckSignals()
        self.turn_since = clock(CLOCK_MONOTONIC)
        return 0

    cdef int serve(self, int fd, uint32_t generation, uint32_t mask) except -1:
        cdef Place *place = &self.hub.places[fd]
        while place.generation == generation:
            if fn_claim(&place.state):
                if place.generation == generation and place.channel != NULL:
                    return self.turn(fd, place, mask)
                fn_store(&place.state, 0)
                return 0
            if fn_mark(&place.state) or place.state == 2:
                return 0
        return 0

    cdef int turn(self, int fd, Place *place, uint32_t mask) except -1:
        """Serve a claimed connection, and let it go."""
        cdef NativeChannel channel = <NativeChannel>place.channel
        cdef bint more = self.step(channel, mask)
        return self.let_go(fd, place, channel, more)

    cdef int let_go(self, int fd, Place *place, NativeChannel channel, bint more) except -1:
        """Be done with a claimed connection for now. `more`: it stopped for the sake of others."""
        while not channel.closed:
            if self.release(fd, place, channel, more):
                return 0
            # Somebody saw an event meanwhile. It may have been any: an edge is only told once.
            more = self.step(channel, EPOLLIN | EPOLLOUT | EPOLLRDHUP)
        return self.close(fd, place, channel)

    cdef int step(self, NativeChannel channel, uint32_t mask) except -1:
        channel.enter(self.pump)
        try:
            return channel.on_ready(mask, self.buf, INPUT_ROOM)
        except Exception:
            LOGGER.exception("a connection failed and is dropped")
            channel.closed = True
            return 0

    cdef bint release(self, int fd, Place *place, NativeChannel channel, bint more) except -1:
        """Let a claimed connection go; False, and it is still claimed, if events came meanwhile."""
        place.deadline = channel.due()
        self.hub.see_to(place.deadline)
        if more:
            self.hub.queue_up(fd, place.generation)
        if fn_release(&place.state):
            return True
        fn_store(&place.state, 1)
        return False

    cdef int close(self, int fd, Place *place, NativeChannel channel) except -1:
        cdef Hub hub = self.hub
        self.pump.closed()
        try:
            channel.lost()
        except Exception:
            LOGGER.exception("a request could not be ended")
        place.channel = NULL
        place.generation += 1
        fn_store(&place.state, 0)
        close_fd(fd)
        Py_DECREF(channel)
        if fn_add(&hub.count, -1) < hub.max_connections and not hub.accepting and not hub.draining:
            hub.accept_on()
        return 0

    cdef int serve_datagrams(self, int number) except -1:
        """What has come to a UDP socket, or its deadline if that is due, unless another thread is at it."""
        cdef Hub hub = self.hub
        cdef Datagrams datagrams = hub.datagrams[number]
        if datagrams is None or not fn_claim(&datagrams.claimed):
            return 0
        try:
            if self.pump.slot != NULL:
                self.pump.slot.since = self.pump.ws.now
            datagrams.serve(self.pump)
            if datagrams.deadline <= self.pump.ws.now:
                datagrams.expire(self.pump)
            hub.see_to(datagrams.deadline)
        finally:
            if self.pump.slot != NULL:
                self.pump.slot.since = 0
            fn_store(&datagrams.claimed, 0)
        return 0 if hub.draining else hub.watch_again(number)

    cdef int serve_again(self) except -1:
        """Serve who queues: one thread all, many threads one each."""
        cdef Hub hub = self.hub
        cdef uint64_t one
        cdef Py_ssize_t i
        for i in range(max(1, len(hub.again)) if hub.threads == 1 else 1):
            if eventfd_read(hub.alarm, &one) < 0:
                return 0               # another thread was faster
            try:
                fd, generation = hub.again.popleft()
            except IndexError:
                return 0               # the alarm meant something else
            self.pump.tick()
            self.serve(fd, generation, 0)
        return 0

    cdef int obey(self) except -1:
        """Do what the signals ask for."""
        try:
            numbers = os.read(self.hub.signals, 64)
        except BlockingIOError:
            return 0                   # another thread was faster
        if self.is_main:
            PyErr_CheckSignals()       # handlers that the application has
        for number in numbers:
            if number == signal.SIGTERM:
                self.begin_drain()
        return 0

    cdef int accept(self, int number, int listener) except -1:
        cdef Hub hub = self.hub
        cdef sockaddr_storage address
        cdef unsigned int size
        cdef int i, fd
        for i in range(hub.accepts):
            if hub.count >= hub.max_connections and not hub.draining:
                return hub.accept_off(INFINITY)
            size = sizeof(address)
            fd = accept4(listener, <sockaddr *>&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)
            if fd < 0:
                if errno in (EAGAIN, EBADF, EINVAL):      # or another thread closed the listener, to drain
                    return 0
                if errno in (EMFILE, ENFILE, ENOBUFS, ENOMEM):
                    self.pump.count(NO_FILES)
                    return hub.run_short(self.pump.ws.now, os.strerror(errno))
                continue                                  # of the connection, which is gone
            hub.short_of_files = False
            if fd >= hub.size:
                close_fd(fd)
                continue
            self.pump.opened()
            self.pump.tick()
            server = hub.names[number]
            client = name_of(&address, self.last_host)
            if client is not None:
                self.last_host = client[0]
            self.open(fd, client, local_name(fd) if server is None else server, hub.contexts[number])
        return 0

    cdef NativeChannel make_channel(self, Workspace ws):
        cdef NativeChannel channel
        if self.is_service:
            return new_stream_channel(self.hub, self.pump)
        if self.pump.tracer is None:
            channel = NativeChannel.__new__(NativeChannel)
        else:
            channel = TracedChannel.__new__(TracedChannel)
            (<TracedChannel>channel).trail = (<Tracer>self.pump.tracer).trail()
        channel.conn = Connection(ws)
        return channel

    cdef int open(self, int fd, client, server, tls) except -1:
        cdef NativeChannel channel = self.settle(fd, client, server, tls, self.pump.ws)
        # The request is often there already. In a drain, first all are let in: answers would bring further clients.
        cdef bint more = False if self.hub.draining else self.step(channel, EPOLLIN)
        if not channel.closed:
            channel.closed = not self.watch(fd)
        return self.let_go(fd, &self.hub.places[fd], channel, more)

    cdef NativeChannel settle(self, int fd, client, server, tls, Workspace ws):
        """A new connection, in its place, which stays claimed."""
        cdef Hub hub = self.hub
        cdef Place *place = &hub.places[fd]
        cdef NativeChannel channel = self.make_channel(ws)
        channel.fd, channel.client, channel.server = fd, client, server
        channel.scheme = "http" if tls is None else "https"
        if tls is not None:
            channel.layer = TLSLayer(tls, ws.now + hub.handshake_timeout)
        fn_add(&hub.count, 1)
        fn_raise(&hub.top, fd)
        while not fn_claim(&place.state):
            pass                       # a thread with an old event is just finding out that it is old
        Py_INCREF(channel)
        place.channel = <PyObject *>channel
        return channel

    cdef bint watch(self, int fd) except -1:
        """Have events of a connection come; False, and the log says why, if that cannot be."""
        cdef uint32_t generation = self.hub.places[fd].generation
        try:
            self.hub.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, (<uint64_t>generation << 32) | <uint32_t>fd)
        except OSError as error:
            LOGGER.error("a connection cannot be watched and is dropped: %s", error.strerror)
            return False
        return True

    cdef int sweep(self, double now) except -1:
        """Find the deadlines that have passed, and when the next one is."""
        cdef Hub hub = self.hub
        cdef Place *place
        cdef double due = INFINITY
        cdef int fd
        if not fn_claim(&hub.sweeping):
            return 0
        try:
            hub.next_sweep = INFINITY
            if now >= hub.resume_at:
                hub.accept_on()
            for fd in range(hub.top + 1):
                place = &hub.places[fd]
                if place.channel == NULL:
                    continue
                if place.deadline <= now or now >= hub.idle_until:
                    if fn_claim(&place.state):
                        if place.channel == NULL:
                            fn_store(&place.state, 0)
                        else:
                            self.judge(fd, place)
                    due = min(due, now + 1)
                due = min(due, max(place.deadline, now))
            for number in range(hub.n_listeners):
                if hub.datagrams[number] is not None:
                    if (<Datagrams>hub.datagrams[number]).deadline <= now:
                        self.serve_datagrams(number)
                    due = min(due, max((<Datagrams>hub.datagrams[number]).deadline, now))
            if hub.drain_until != INFINITY:
                self.let_in_the_last()
                if (hub.count == 0 and not hub.left) or now >= hub.drain_until:
                    hub.stop()
                due = min(due, hub.drain_until, now + SWEEP_S)
            hub.see_to(min(max(due, now + SWEEP_S), hub.resume_at))
        finally:
            fn_store(&hub.sweeping, 0)
        return 0

    cdef int judge(self, int fd, Place *place) except -1:
        """A claimed connection is late, or is to be closed if idle."""
        cdef NativeChannel channel = <NativeChannel>place.channel
        cdef double now = self.pump.tick()
        # What it sent, or took, while this worker was busy with others counts for it.
        cdef bint more = self.step(channel, EPOLLIN | EPOLLOUT)
        if not channel.closed and (channel.due() <= now or (now >= self.hub.idle_until and channel.idle())):
            try:
                channel.expire()
            except Exception:
                LOGGER.exception("a connection failed and is dropped")
                channel.closed = True
        return self.let_go(fd, place, channel, more)

    cdef int begin_drain(self) except -1:
        """Accept no more, close what is idle, answer the rest. A second call ends at once."""
        cdef Hub hub = self.hub
        cdef int i
        cdef double now
        with hub.lock:
            if hub.draining:
                return hub.stop()
            hub.draining = self.pump.ws.draining = True
        hub.accept_off(INFINITY)
        if hub.owns_listeners:
            # else the supervisor did, if all is to end
            refuse([one for one in hub.listeners if not is_datagram(one)])
        hub.accepts = hub.size
        for i in range(hub.n_listeners):
            if hub.is_datagram[i]:
                if hub.datagrams[i] is not None:
                    self.serve_datagrams(i)    # what is left there, other workers serve, or nobody
                    hub.unwatch(hub.listeners[i].fileno())
                continue
            hub.left.append((i, hub.listeners[i].detach()))
        now = self.pump.tick()
        hub.drain_until, hub.idle_until = now + hub.drain_timeout, now + DRAIN_IDLE_S
        return hub.see_to(now)             # a sweep does the rest

    cdef int let_in_the_last(self) except -1:
        """Draining: accept who is in the backlogs, for the kernel has let them in already, and close the listeners."""
        cdef Hub hub = self.hub
        for number, listener in hub.left[:]:
            hub.short_of_files = False
            self.accept(number, listener)
            if not hub.short_of_files:     # else again when connections have ended, at the next sweep
                hub.left.remove((number, listener))
                close_fd(listener)
        return 0


def run(config, app, str interface, list sockets, Board board, int worker, ready):
    """Serve a WSGI app, or a service, until SIGTERM and the drain that follows; returns the exit status."""
    cdef Hub hub = Hub(config, sockets, config.threads)
    cdef Settings settings = settings_of(config)
    cdef list loops = [], threads = []
    cdef Pump pump
    cdef Loop loop
    cdef int i
    tracer = Tracer(config.trace) if config.trace else None
    if tracer is not None:
        app = traced(app, interface, tracer)
    files = files_of(config)
    for i in range(config.threads):
        answers = blocking_app(app, interface, config, files)
        pump = Pump(Workspace(settings, b"fastnet"), answers, access_log(config), tracer, http2.on)
        pump.slot = board.slot(worker, i)
        loops.append(Loop(hub, pump, i == 0))
    if interface == "service":
        hub.open_datagrams(answers, pump.tick(), True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)       # a terminal's Ctrl-C reaches the supervisor, which tells us
    signal.set_wakeup_fd(hub.signals_in, warn_on_full_buffer=False)    # first: no signal is handled without it
    signal.signal(signal.SIGTERM, leave_to_pipe)
    for loop in loops[1:]:
        thread = threading.Thread(target=run_thread, args=(loop,), daemon=True)
        thread.start()
        threads.append(thread)
    ready()
    loops[0].run()
    for thread in threads:
        thread.join(max(0.0, hub.drain_until - pump.tick()))
    for loop in loops:
        if loop.pump.access is not None:
            loop.pump.access.close()
    signal.set_wakeup_fd(-1)
    return 1 if hub.failed else 0


def run_thread(Loop loop):
    leave_signals()
    try:
        loop.run()
    except BaseException:
        LOGGER.exception("a thread of the worker failed")
        loop.hub.failed = True
        loop.hub.stop()
