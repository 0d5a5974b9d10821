# The native driver as a guest on an asyncio loop.
from fastnet.protocols.workspace cimport Workspace
from fastnet.servers.native cimport Loop
from fastnet.servers.native_channel cimport NativeChannel

cdef class HostedLoop(Loop):
    cdef object loop                  # asyncio's
    cdef list siblings                # loops of this process that serve the same listeners, this one among them
    cdef object queue                 # deque of channels that their applications ask to go on with
    cdef object over                  # draining: a future, done when no connection is left
    cdef int at, n                    # of the events taken from the kernel: the next one, and how many there are
    cdef bint has_gil
    cdef double held                  # seconds of turns since this thread handed the GIL over
    cdef bint resuming, queue_runs    # a call of _resume(), of _serve_queue() is due
    cdef int go_on(self) except -1
    cdef int end_turn(self) except -1
    cdef int enqueue(self, HostedChannel channel) except -1
    cdef int run_queue(self) except -1
    cdef int take(self, int fd, client, server, tls, Workspace ws) except -1

cdef class HostedChannel(NativeChannel):
    cdef HostedLoop host
    cdef bint queued
    cdef long long flushed            # bytes of the answer that were out when this channel's last turn ended
