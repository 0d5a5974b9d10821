# One thread of the native driver, for those who have it driven by another loop.
from libc.stdint cimport uint32_t

from fastnet.protocols.workspace cimport Workspace
from fastnet.servers.hub cimport Hub, Place, epoll_event
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport Pump

cdef enum:
    MOST_EVENTS = 256

cdef class Loop:
    cdef Hub hub
    cdef Pump pump
    cdef char *buf
    cdef epoll_event events[MOST_EVENTS]
    cdef bint is_main
    cdef bint is_service           # connections are a service's
    cdef bint due                  # the timer says that a sweep is
    cdef str last_host             # of the client accepted last: mostly the next one's, or a proxy's
    cdef double turn_since         # when this thread last came back from waiting
    cdef int handle(self, const epoll_event *event) except -1
    cdef int end_round(self) except -1
    cdef int wait(self) except -1
    cdef int block(self, int most) except -1
    cdef int poll(self) except -1
    cdef int park(self) except -1
    cdef int serve(self, int fd, uint32_t generation, uint32_t mask) except -1
    cdef int turn(self, int fd, Place *place, uint32_t mask) except -1
    cdef int let_go(self, int fd, Place *place, NativeChannel channel, bint more) except -1
    cdef int step(self, NativeChannel channel, uint32_t mask) except -1
    cdef bint release(self, int fd, Place *place, NativeChannel channel, bint more) except -1
    cdef int close(self, int fd, Place *place, NativeChannel channel) except -1
    cdef int serve_datagrams(self, int number) except -1
    cdef int serve_again(self) except -1
    cdef int obey(self) except -1
    cdef int accept(self, int number, int listener) except -1
    cdef NativeChannel make_channel(self, Workspace ws)
    cdef int open(self, int fd, client, server, tls) except -1
    cdef NativeChannel settle(self, int fd, client, server, tls, Workspace ws)
    cdef bint watch(self, int fd) except -1
    cdef int sweep(self, double now) except -1
    cdef int judge(self, int fd, Place *place) except -1
    cdef int begin_drain(self) except -1
    cdef int let_in_the_last(self) except -1
