"""A connection with a native loop of its own, in the thread that calls: for a process or thread a connection.

The protocol, its limits and its deadlines are what they are everywhere; what differs is that nobody else is on the loop,
which ends with its connection.
"""

cimport cython
from fastnet.protocols.workspace cimport Workspace
from fastnet.servers.hub cimport EPOLLET, EPOLLIN, SIGNALS, Hub, Place
from fastnet.servers.native cimport Loop
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport Pump

from fastnet.servers import http2
from fastnet.servers.accesslog import access_log
from fastnet.servers.pump import blocking_app, settings_of


@cython.final
@cython.auto_pickle(False)
cdef class LoopOfOne(Loop):
    """Ends with its connection."""

    cdef int close(self, int fd, Place *place, NativeChannel channel) except -1:
        Loop.close(self, fd, place, channel)
        return self.hub.stop() if self.hub.count == 0 else 0

    cdef int obey(self) except -1:
        return 0 if self.hub.draining else self.begin_drain()


def serve_connection(config, app, str interface, int fd, client, server, tls, int ending, files=None):
    """Serve one connection, which is closed when this returns.

    Args:
        fd: its descriptor, given away.
        client, server: its two ends, as applications get them.
        tls: the SSLContext, or None.
        ending: a pipe's read end: the connection is to be drained when nobody has the other end any more.
        files: what files_of() gave, or None.
    """
    cdef Hub hub = Hub(config, [], 1)
    cdef Pump pump = Pump(Workspace(settings_of(config), b"fastnet"), blocking_app(app, interface, config, files),
                          access_log(config), None, http2.on)
    cdef LoopOfOne loop = LoopOfOne(hub, pump, False)
    hub.watch(ending, EPOLLIN | EPOLLET, SIGNALS)
    try:
        loop.open(fd, client, server, tls)
        loop.run()
    finally:
        hub.close()          # now: a handler's object may well be in a cycle that leads to it
        if pump.access is not None:
            pump.access.close()
