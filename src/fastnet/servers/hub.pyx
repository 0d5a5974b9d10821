"""What the threads of a native worker share: one epoll set, the places of its connections, the listeners.

A connection's place is found by its file descriptor. The epoll event carries the place's generation beside it, so an
event that was meant for a closed connection is not taken for one of its successor.
"""

import importlib
import os
import resource
import sys
import threading
from collections import deque

cimport cython
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.errno cimport errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t, uint64_t

from fastnet.apps.session cimport ServiceApp
from fastnet.servers.datagrams cimport Datagrams
from fastnet.servers.pump cimport CLOCK_MONOTONIC

from fastnet.servers.datagrams import is_datagram
from fastnet.servers.listeners import listener_name
from fastnet.servers.log import LOGGER

cdef extern from "unistd.h" nogil:
    int close_fd "close"(int fd)

cdef enum:
    MOST_ACCEPTS = 64          # connections accepted in a row, if no other worker could take them
    MOST_PLACES = 1 << 20      # file descriptors served at most

cdef double PAUSE_S = 0.25         # without a free file descriptor, accepting is tried again after this
cdef double WARN_EVERY_S = 5       # of that the log says no more often


@cython.final
cdef class Hub:
    """What the threads of a worker share: the epoll set, the places, the listeners."""

    def __cinit__(self, config, list sockets, int threads):
        self.epfd = self.alarm = self.timer = self.signals = self.signals_in = -1
        self.left = []
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.size = MOST_PLACES if most == resource.RLIM_INFINITY else min(most, MOST_PLACES)
        self.places = <Place *>PyMem_Calloc(self.size, sizeof(Place))
        if self.places == NULL:
            raise MemoryError()
        self.epfd = epoll_create1(EPOLL_CLOEXEC)
        self.alarm = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)
        self.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self.epfd < 0 or self.alarm < 0 or self.timer < 0:
            raise OSError(errno, os.strerror(errno))
        self.signals, self.signals_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.again, self.lock = deque(), threading.Lock()
        self.threads = threads
        self.takes_turns = self.threads > 1 and getattr(sys, "_is_gil_enabled", lambda: True)()
        sem_init(&self.turnstile, 0, 0)
        self.accepts = 1 if config.workers > 1 else MOST_ACCEPTS
        self.max_connections, self.drain_timeout = config.max_connections, config.drain_timeout
        self.handshake_timeout = config.tls_handshake_timeout
        self.next_sweep = self.resume_at = self.drain_until = self.idle_until = INFINITY
        self.warned_at = -INFINITY
        self.listeners, self.owns_listeners = sockets, config.reuse_port
        self.n_listeners = len(sockets)
        self.is_datagram, self.datagrams = [is_datagram(s) for s in sockets], [None] * len(sockets)
        self.names = [listener_name(s) for s in sockets]
        self.contexts, self.upgrade = [None] * len(sockets), None
        if config.has_certificate:           # ssl is a megabyte
            tls = importlib.import_module("fastnet.servers.tls")
            self.contexts, self.upgrade = tls.listener_contexts(config), tls.upgrade_context(config)
        for listener in sockets:
            listener.setblocking(False)
        self.watch(self.alarm, EPOLLIN, ALARM)
        self.watch(self.timer, EPOLLIN | EPOLLET, TIMER)
        self.watch(self.signals, EPOLLIN, SIGNALS)
        self.accept_on()

    def __dealloc__(self):
        PyMem_Free(self.places)
        for _, fd in self.left:
            close_fd(fd)
        self.close()

    cdef int close(self) noexcept:
        cdef int *fds = [self.epfd, self.alarm, self.timer, self.signals, self.signals_in]
        cdef int i
        for i in range(5):
            if fds[i] >= 0:
                close_fd(fds[i])
        self.epfd = self.alarm = self.timer = self.signals = self.signals_in = -1
        return 0

    cdef int watch(self, int fd, uint32_t events, uint64_t data) except -1:
        cdef epoll_event event
        event.events, event.data.u64 = events, data
        if epoll_ctl(self.epfd, EPOLL_CTL_ADD, fd, &event) < 0:
            raise OSError(errno, os.strerror(errno))
        return 0

    cdef int accept_on(self) except -1:
        with self.lock:
            if not self.accepting and not self.draining:
                for i, listener in enumerate(self.listeners):
                    if not self.is_datagram[i]:
                        self.watch(listener.fileno(), EPOLLIN | EPOLLEXCLUSIVE, LISTENER + i)
                self.accepting, self.resume_at = True, INFINITY
        return 0

    cdef int accept_off(self, double resume_at) except -1:
        cdef epoll_event event
        with self.lock:
            if self.accepting:
                self.accepting, self.resume_at = False, resume_at
                for i, listener in enumerate(self.listeners):
                    if not self.is_datagram[i]:
                        epoll_ctl(self.epfd, EPOLL_CTL_DEL, listener.fileno(), &event)
        return self.see_to(resume_at)

    cdef int run_short(self, double now, str what) except -1:
        if not self.short_of_files and now - self.warned_at > WARN_EVERY_S:
            self.warned_at = now
            LOGGER.warning("cannot accept connections: %s; they wait until others are closed", what)
        self.short_of_files = True
        return self.accept_off(now + PAUSE_S)

    cdef int open_datagrams(self, ServiceApp app, double now, bint first) except -1:
        """Begin to take datagrams, for a service; `first`: no other loop of this process has begun to."""
        for i, listener in enumerate(self.listeners):
            if self.is_datagram[i]:
                datagrams = Datagrams(app, listener, now)
                if not first and getattr((<Datagrams>datagrams).protocol, "one_process", False):
                    continue       # what it has to remember is of one loop, as it is of one process
                self.datagrams[i] = datagrams
                # Of many threads one serves a socket at a time, and then asks for its events again.
                self.watch(listener.fileno(), EPOLLIN | (EPOLLONESHOT if self.threads > 1 else EPOLLEXCLUSIVE),
                           LISTENER + i)
                self.see_to((<Datagrams>datagrams).deadline)
        return 0

    cdef int watch_again(self, int number) except -1:
        cdef epoll_event event
        event.events, event.data.u64 = EPOLLIN | EPOLLONESHOT, LISTENER + number
        if self.threads > 1:
            epoll_ctl(self.epfd, EPOLL_CTL_MOD, (<Datagrams>self.datagrams[number]).fd, &event)
        return 0

    cdef int unwatch(self, int fd) except -1:
        cdef epoll_event event
        epoll_ctl(self.epfd, EPOLL_CTL_DEL, fd, &event)
        return 0

    cdef int see_to(self, double deadline) noexcept:
        cdef itimerspec to
        cdef double due
        if not fn_lower(&self.next_sweep, deadline):
            return 0
        while True:
            due = self.next_sweep
            to.it_interval.tv_sec = to.it_interval.tv_nsec = 0
            to.it_value.tv_sec = <long long>due
            to.it_value.tv_nsec = <long>((due - <long long>due) * 1e9) + 1
            timerfd_settime(self.timer, TFD_TIMER_ABSTIME, &to, NULL)
            if self.next_sweep >= due:         # else another thread's timer may have been the one before ours
                return 0

    cdef int queue_up(self, int fd, uint32_t generation) except -1:
        self.again.append((fd, generation))
        eventfd_write(self.alarm, 1)
        return 0

    cdef int stop(self) noexcept:
        cdef int i
        self.stopping = True
        for i in range(self.threads):
            sem_post(&self.turnstile)
        eventfd_write(self.alarm, self.threads)
        return 0
