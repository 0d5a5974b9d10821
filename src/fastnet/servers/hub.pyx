"""What the threads of a native worker share: one epoll set, the places of its connections, the listeners.

A connection's place is found by its file descriptor. The epoll event carries the place's generation beside it, so an
event that was meant for a closed connection is not taken for one of its successor.
"""

import os
import resource
import socket
import sys

cimport cython
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.errno cimport errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    MOST_ACCEPTS = 64          # connections accepted in a row, if no other worker could take them
    MOST_PLACES = 1 << 20      # file descriptors served at most


@cython.final
cdef class Hub:
    """What the threads of a worker share: the epoll set, the places, the listeners."""

    def __cinit__(self, config, list sockets):
        self.size = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], MOST_PLACES)
        self.places = <Place *>PyMem_Calloc(self.size, sizeof(Place))
        self.epfd = epoll_create1(EPOLL_CLOEXEC)
        self.alarm = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)
        if self.places == NULL or self.epfd < 0 or self.alarm < 0:
            raise OSError(errno, os.strerror(errno))
        self.threads = config.threads
        self.takes_turns = self.threads > 1 and getattr(sys, "_is_gil_enabled", lambda: True)()
        sem_init(&self.turnstile, 0, 0)
        self.accepts = 1 if config.workers > 1 else MOST_ACCEPTS
        self.max_connections, self.drain_timeout = config.max_connections, config.drain_timeout
        self.next_sweep = self.resume_at = INFINITY
        self.listeners = sockets
        self.n_listeners = len(sockets)
        self.names = [server_name(s) for s in sockets]
        self.watch(self.alarm, EPOLLIN, ALARM)
        self.accept_on()

    def __dealloc__(self):
        PyMem_Free(self.places)

    cdef int watch(self, int fd, uint32_t events, uint64_t data) except -1:
        cdef epoll_event event
        event.events, event.data.u64 = events, data
        if epoll_ctl(self.epfd, EPOLL_CTL_ADD, fd, &event) < 0:
            raise OSError(errno, os.strerror(errno))
        return 0

    cdef int accept_on(self) except -1:
        if not self.accepting and not self.draining:
            for i, listener in enumerate(self.listeners):
                listener.setblocking(False)
                self.watch(listener.fileno(), EPOLLIN | EPOLLEXCLUSIVE, LISTENER + i)
            self.accepting, self.resume_at = True, INFINITY
        return 0

    cdef int accept_off(self, double resume_at) except -1:
        """Leave connections in the backlog until then, or until one of ours is closed."""
        cdef epoll_event event
        if self.accepting:
            self.accepting, self.resume_at = False, resume_at
            for listener in self.listeners:
                epoll_ctl(self.epfd, EPOLL_CTL_DEL, listener.fileno(), &event)
        return 0

    cdef int wake(self) noexcept:
        eventfd_write(self.alarm, self.threads)
        return 0

    cdef int stop(self) noexcept:
        cdef int i
        self.stopping = True
        for i in range(self.threads):
            sem_post(&self.turnstile)
        return self.wake()


def server_name(listener):
    """SERVER_NAME and SERVER_PORT of a listening socket, as (host, port), or (path, None)."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return (name if isinstance(name, str) else os.fsdecode(name), None)
    return (name[0], name[1])
