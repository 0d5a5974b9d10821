"""The native driver: one thread, or many, over one epoll set. For apps that block (WSGI).

Every connection is registered once, edge-triggered, and stays registered: an answer costs recv and send and nothing
else. With one thread (prefork) that is the whole story. With many (threaded) all wait on the same set and whoever is
woken serves the connection to the end of its turn. A connection is claimed by an atomic flag in its place; whoever
finds it claimed leaves a mark instead, and the owner looks again before it lets go. So there is no dispatcher, no
hand-over queue and no re-arming.

Threads that share a GIL gain nothing by waking up only to wait for it. So one of them polls, and further ones are
parked until the poller has a request to answer, which may block; see Loop.poll().

Places are indexed by file descriptor. They also hold the deadline, and one sweep over them, when the earliest is due,
finds every slow client.
"""

import os
import signal
import threading

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport EAGAIN, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t, uint64_t

from fastnet.apps.wsgi cimport WSGIApp
from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.workspace cimport Settings, Workspace
from fastnet.servers.board cimport Board
from fastnet.servers.hub cimport (ALARM, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, LISTENER, SIGNALS, Hub, Place, epoll_event,
                                  epoll_wait, eventfd_read, fn_add, fn_claim, fn_mark, fn_release, fn_store, sem_post,
                                  sem_wait)
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport CLOCK_MONOTONIC, Pump, clock

from fastnet.servers.accesslog import AccessLog
from fastnet.servers.log import LOGGER
from fastnet.servers.pump import settings_of

cdef extern from "sys/socket.h" nogil:
    struct sockaddr:
        unsigned short sa_family
    struct sockaddr_storage:
        unsigned short ss_family
    const int SOCK_NONBLOCK, SOCK_CLOEXEC, AF_INET, AF_INET6
    int accept4(int fd, sockaddr *address, unsigned int *size, int flags)

cdef extern from "netinet/in.h" nogil:
    struct in_addr:
        uint32_t s_addr
    struct sockaddr_in:
        unsigned short sin_port
        in_addr sin_addr
    struct in6_addr:
        unsigned char s6_addr[16]
    struct sockaddr_in6:
        unsigned short sin6_port
        in6_addr sin6_addr
    unsigned short ntohs(unsigned short n)

cdef extern from "arpa/inet.h" nogil:
    const char *inet_ntop(int family, const void *source, char *to, unsigned int size)

cdef extern from "unistd.h" nogil:
    int close_fd "close"(int fd)

cdef enum:
    MOST_EVENTS = 256
    INPUT_ROOM = 65536         # of the buffer that a thread reads into
    SIGNAL_ROUNDS = 64         # turns of a busy loop after which Python's signal handlers run at the latest

cdef double PAUSE_S = 0.25         # without a free file descriptor, accepting is tried again after this
cdef double SWEEP_S = 0.25         # deadlines are met within this
cdef double DRAIN_IDLE_S = 1.0     # what an idle connection is given, in a drain, for a request that is on its way
# A thread whose turn lasted this long lets a waiting one go on, between two requests rather than inside one, where the
# interpreter would switch (after 5 ms).
cdef double TURN_S = 0.004


@cython.final
cdef class Loop:
    """One thread of the driver."""
    cdef Hub hub
    cdef Pump pump
    cdef char *buf
    cdef epoll_event events[MOST_EVENTS]
    cdef list again                # (fd, generation) to look at once more, after the others
    cdef bint is_main
    cdef double turn_since         # when this thread last came back from waiting

    def __cinit__(self, Hub hub, Pump pump, bint is_main):
        self.hub, self.pump, self.is_main = hub, pump, is_main
        self.again = []
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
        cdef unsigned int rounds = 0
        cdef uint32_t fd
        cdef uint64_t data
        cdef double now
        while not hub.stopping:
            n = self.wait()
            rounds += 1
            if self.is_main and (n <= 0 or rounds % SIGNAL_ROUNDS == 0):
                PyErr_CheckSignals()
            now = pump.tick()
            pump.ws.draining = hub.draining
            for i in range(n):
                data = self.events[i].data.u64
                fd = <uint32_t>data
                if fd < <uint32_t>SIGNALS:
                    self.serve(fd, <uint32_t>(data >> 32), self.events[i].events)
                elif fd == <uint32_t>ALARM:
                    eventfd_read(hub.alarm, &data)
                elif fd == <uint32_t>SIGNALS:
                    self.take_signals()
                else:
                    self.accept(fd - <uint32_t>LISTENER)
            if self.again:
                self.serve_again()
            if now >= hub.next_sweep or now >= hub.resume_at or hub.draining:
                self.sweep(now)
            if pump.access is not None:
                pump.access.flush()

    cdef int wait(self) except -1:
        """Take the next events; with many threads one at a time, for what is taken no other thread will serve."""
        cdef Hub hub = self.hub
        cdef int n
        if hub.takes_turns:
            return self.poll()
        if self.again:
            return max(0, epoll_wait(hub.epfd, self.events, MOST_EVENTS if hub.threads == 1 else 1, 0))
        return self.block(MOST_EVENTS if hub.threads == 1 else 1)

    cdef int block(self, int most) except -1:
        cdef Hub hub = self.hub
        cdef int n, ms = -1
        cdef double due = min(hub.next_sweep, hub.resume_at)
        if hub.draining:
            ms = <int>(SWEEP_S * 1000)
        elif due != INFINITY:
            ms = <int>(min(max(due - self.pump.tick(), 0.0), 3600.0) * 1000) + 1
        with nogil:
            n = epoll_wait(hub.epfd, self.events, most, ms)
        return max(n, 0)

    cdef int poll(self) except -1:
        """Take an event, as one of the threads that share a GIL.

        While there is work this thread goes on without letting the GIL go, which would cost more than the request.
        Whoever takes an event makes sure that somebody polls in its stead, for the app may block.
        """
        cdef Hub hub = self.hub
        cdef int n
        hub.pollers += 1
        if hub.pollers > 1 and not self.again and clock(CLOCK_MONOTONIC) - self.turn_since > TURN_S:
            self.park()
        n = epoll_wait(hub.epfd, self.events, 1, 0)
        while n <= 0 and not self.again and not hub.stopping:
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
        cdef int more = 0
        while True:
            more = self.step(channel, mask)
            if channel.closed:
                return self.close(fd, place, channel)
            if self.release(fd, place, channel, more):
                return 0
            # Somebody saw an event meanwhile. It may have been any: an edge is only told once.
            mask = EPOLLIN | EPOLLOUT | EPOLLRDHUP

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
        self.set_deadline(place, channel.conn.deadline)
        if more:
            self.again.append((fd, place.generation))
        if fn_release(&place.state):
            return True
        fn_store(&place.state, 1)
        return False

    cdef int set_deadline(self, Place *place, double deadline) noexcept:
        place.deadline = deadline
        if deadline < self.hub.next_sweep:
            self.hub.next_sweep = deadline
        return 0

    cdef int close(self, int fd, Place *place, NativeChannel channel) except -1:
        cdef Hub hub = self.hub
        try:
            channel.lost()
        except Exception:
            LOGGER.exception("a request could not be ended")
        place.channel = NULL
        place.generation += 1
        fn_store(&place.state, 0)
        close_fd(fd)
        Py_DECREF(channel)
        if fn_add(&hub.count, -1) < hub.max_connections and not hub.accepting and hub.resume_at != INFINITY:
            hub.accept_on()
        return 0

    cdef int serve_again(self) except -1:
        again, self.again = self.again, []
        for fd, generation in again:
            self.serve(fd, generation, 0)
        return 0

    cdef int accept(self, int number) except -1:
        cdef Hub hub = self.hub
        cdef sockaddr_storage address
        cdef unsigned int size
        cdef int i, fd, listener
        listener = hub.listeners[number].fileno()
        for i in range(hub.accepts):
            if hub.count >= hub.max_connections:
                return hub.accept_off(self.pump.ws.now + 3600)
            size = sizeof(address)
            fd = accept4(listener, <sockaddr *>&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)
            if fd < 0:
                if errno == EAGAIN:
                    return 0
                if errno in (EMFILE, ENFILE, ENOBUFS, ENOMEM):
                    LOGGER.warning("cannot accept connections: %s; trying again when one is closed", os.strerror(errno))
                    return hub.accept_off(self.pump.ws.now + PAUSE_S)
                continue
            if fd >= hub.size:
                close_fd(fd)
                continue
            self.open(fd, client_name(&address), hub.names[number])
        return 0

    cdef int open(self, int fd, client, server) except -1:
        cdef Hub hub = self.hub
        cdef Place *place = &hub.places[fd]
        cdef NativeChannel channel = NativeChannel.__new__(NativeChannel)
        cdef bint more
        channel.conn = Connection(self.pump.ws)
        channel.fd, channel.client, channel.server, channel.scheme = fd, client, server, "http"
        fn_add(&hub.count, 1)
        if fd > hub.top:
            hub.top = fd
        fn_store(&place.state, 1)
        Py_INCREF(channel)
        place.channel = <PyObject *>channel
        more = self.step(channel, EPOLLIN)         # the request is often there already
        if channel.closed:
            return self.close(fd, place, channel)
        hub.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, (<uint64_t>place.generation << 32) | <uint32_t>fd)
        if not self.release(fd, place, channel, more):
            self.turn(fd, place, EPOLLIN | EPOLLOUT | EPOLLRDHUP)
        return 0

    cdef int sweep(self, double now) except -1:
        """Find the deadlines that have passed, and when the next one is."""
        cdef Hub hub = self.hub
        cdef Place *place
        cdef NativeChannel channel
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
                if place.channel == NULL or place.deadline > now:
                    if place.channel != NULL:
                        due = min(due, place.deadline)
                    continue
                due = min(due, now + 1)
                if fn_claim(&place.state):
                    if place.channel == NULL:
                        fn_store(&place.state, 0)
                        continue
                    channel = <NativeChannel>place.channel
                    channel.enter(self.pump)
                    if channel.conn.deadline <= now or (hub.draining and not channel.conn.answering):
                        channel.expire()
                    if channel.closed:
                        self.close(fd, place, channel)
                    else:
                        due = min(due, channel.conn.deadline)
                        if not self.release(fd, place, channel, False):
                            self.turn(fd, place, EPOLLIN | EPOLLOUT | EPOLLRDHUP)
            hub.next_sweep = min(hub.next_sweep, max(due, now + SWEEP_S))
            if hub.draining and (hub.count == 0 or now >= hub.drain_until):
                hub.stop()
        finally:
            fn_store(&hub.sweeping, 0)
        return 0

    cdef int take_signals(self) except -1:
        """Act on the signals that came, whichever thread was told of them."""
        try:
            numbers = os.read(self.hub.signals, 64)
        except BlockingIOError:
            return 0
        for number in numbers:
            if number == signal.SIGTERM:
                self.drain()
        return 0

    def drain(self):
        """Accept no more, close what is idle, answer the rest. A second call ends at once."""
        cdef Hub hub = self.hub
        cdef Place *place
        cdef int fd, i
        cdef double now = self.pump.tick()
        if hub.draining:
            hub.stop()
            return
        hub.draining = self.pump.ws.draining = True
        hub.drain_until = now + hub.drain_timeout
        hub.accepts = hub.size
        for i in range(hub.n_listeners):
            self.accept(i)                     # who is in the backlog already was let in by the kernel
        hub.accept_off(INFINITY)
        hub.resume_at = INFINITY
        for listener in hub.listeners:
            listener.close()
        for fd in range(hub.top + 1):
            place = &hub.places[fd]
            if place.channel != NULL and not (<NativeChannel>place.channel).conn.answering:
                place.deadline = min(place.deadline, now + DRAIN_IDLE_S)
        hub.next_sweep = now
        hub.wake()


cdef object client_name(const sockaddr_storage *address):
    """(host, port) of a peer, or None for one without a name (Unix socket)."""
    cdef char text[64]
    if address.ss_family == AF_INET:
        inet_ntop(AF_INET, &(<sockaddr_in *>address).sin_addr, text, sizeof(text))
        return (text.decode("ascii"), ntohs((<sockaddr_in *>address).sin_port))
    if address.ss_family == AF_INET6:
        inet_ntop(AF_INET6, &(<sockaddr_in6 *>address).sin6_addr, text, sizeof(text))
        return (text.decode("ascii"), ntohs((<sockaddr_in6 *>address).sin6_port))
    return None


def run(config, app, str interface, list sockets, Board board, int worker, ready):
    """Serve a WSGI app until SIGTERM and the drain that follows; returns the exit status."""
    cdef Hub hub = Hub(config, sockets)
    cdef Settings settings = settings_of(config)
    cdef list loops = [], threads = []
    cdef Pump pump
    cdef int i
    for i in range(config.threads):
        wsgi = WSGIApp(app, multithread=config.threads > 1, multiprocess=config.workers > 1, spool=config.body_spool,
                       spool_dir=config.spool_dir, root_path=config.root_path)
        pump = Pump(Workspace(settings, b"fastnet"), wsgi, AccessLog(config) if config.access_log != "off" else None)
        pump.slot = board.slot(worker, i)
        loops.append(Loop(hub, pump, i == 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)       # a terminal's Ctrl-C reaches the supervisor, which tells us
    # A signal that comes between two waits must end the next one, so it is an event like any other.
    hub.signals, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    hub.watch(hub.signals, EPOLLIN, SIGNALS)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    for loop in loops[1:]:
        thread = threading.Thread(target=run_thread, args=(loop,), daemon=True)
        thread.start()
        threads.append(thread)
    ready()
    loops[0].run()
    for thread in threads:
        thread.join(max(0.0, hub.drain_until - (<Pump>pump).tick()))
    for loop in loops:
        if (<Loop>loop).pump.access is not None:
            (<Loop>loop).pump.access.close()
    return 0


def run_thread(loop):
    # Signals are the main thread's, which must wake to run Python's handlers.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    loop.run()
