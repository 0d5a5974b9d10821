"""One request's way through the server, moment by moment, for `--trace`.

A server that does not trace pays nothing a request: whoever accepts a connection makes a traced channel instead of a
plain one, which stamps the moments in overridden methods. A Tracer, one a process, appends a line of JSON to a file when
a request is done with:

    {"client": ["127.0.0.1", 50123], "request": "GET / HTTP/1.1", "status": 200, "body_bytes": 5, "at": {...}}

`at` has nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share, in the order of MOMENTS; moments that
were not come to are not there. Those of the application are marked by what traced_app.py puts around it, and are found
by the client's address.
"""

import json
import os

cimport cython
from libc.stdint cimport int64_t, uint32_t

from fastnet.codecs.http1 cimport Request
from fastnet.protocols.http1 cimport Connection
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport CLOCK_MONOTONIC, Channel, clock_gettime, timespec

from fastnet.errors import StartupError

# In the order in which they come, mostly; what is between two of them is named by the report.
MOMENTS = (
    "accepted",        # accept() returned; of the first request of a connection
    "ready",           # the driver turned to the connection: the kernel had said that bytes are there
    "first_byte",      # recv() returned the first bytes of the request
    "last_byte",       # ... and the last ones before the application was called
    "head_parsed",
    "app_called",
    "app_answers",     # start_response(), http.response.start
    "app_body",        # the first piece of a body that comes in pieces
    "app_returned",    # nothing more comes from the application
    "first_byte_out",  # the kernel took the first bytes of the answer
    "last_byte_out",
    "done",            # the connection waits for its next request, or is closed
)


cdef inline int64_t now_ns() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * 1_000_000_000 + t.tv_nsec


@cython.final
cdef class Way:
    """One request; mark() is called by what is around the application."""

    def mark(self, str moment not None):
        """Note that a moment has come, if it had not."""
        if moment not in self.at:
            self.at[moment] = now_ns()


cdef Way new_way():
    cdef Way way = Way.__new__(Way)
    way.at = {}
    return way


@cython.final
cdef class Trail:

    cdef int ready(self) noexcept:
        self.woken = now_ns()
        return 0

    cdef int read(self) noexcept:
        self.last_read = now_ns()
        if self.first_read == 0:
            self.first_read = self.last_read
        return 0

    cdef int parsed(self, Channel channel) except -1:
        cdef Request request = channel.conn.request
        cdef Py_ssize_t start = request.head.method
        cdef Way way = new_way()
        way.at["head_parsed"] = now_ns()
        way.line = request.slice(start, request.head.target + request.head.target_len - start).decode("latin-1")
        if self.accepted:
            way.at["accepted"] = self.accepted
        # A pipelined request came with the one before it.
        way.at["first_byte"] = self.first_read or self.last_read
        way.at["ready"] = min(self.woken, way.at["first_byte"])
        way.at["last_byte"] = self.last_read
        self.accepted = self.first_read = 0
        self.client = channel.client
        self.way = self.tracer.ways[self.client] = way
        return 0

    cdef int answered(self, Connection conn) except -1:
        cdef Way way = self.way
        self.way = None
        if way is not None:
            way.status, way.body_bytes = conn.status, conn.answer_bytes
            self.answered_ways.append(way)
        return 0

    cdef int wrote(self) except -1:
        cdef int64_t now = now_ns()
        cdef Way way
        for way in self.under_way():
            way.at.setdefault("first_byte_out", now)
            way.at["last_byte_out"] = now
        return 0

    cdef int turned(self, bint all_out) except -1:
        """A turn of the connection has ended; `all_out`: nothing is left to send."""
        cdef Way way
        if all_out and self.answered_ways:
            for way in self.answered_ways:
                self.tracer.write(way, self.client)
            self.answered_ways = []
        return 0

    cdef int lost(self) except -1:
        """The connection is gone: tell how far its requests came."""
        cdef Way way
        for way in self.under_way():
            self.tracer.write(way, self.client)
        self.answered_ways, self.way = [], None
        return 0

    cdef list under_way(self):
        return self.answered_ways if self.way is None else [*self.answered_ways, self.way]


@cython.final
cdef class Tracer:
    """Writes to a file what the connections of this process tell. StartupError if it cannot be opened."""

    def __init__(self, str path not None):
        try:
            self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StartupError(f"cannot write the trace to {path}: {error.strerror}") from None
        self.ways = {}

    def way_of(self, client) -> Way:
        """The request that a client's connection is at; of a Unix socket, whose clients have no name, the last one."""
        return self.ways.get(client) or new_way()

    cdef Trail trail(self):
        """For a connection that was accepted just now."""
        cdef Trail trail = Trail.__new__(Trail)
        trail.tracer, trail.answered_ways = self, []
        trail.accepted = now_ns()
        return trail

    cdef int write(self, Way way, object client) except -1:
        way.at["done"] = now_ns()
        if self.ways.get(client) is way:
            self.ways.pop(client, None)
        at = {moment: way.at[moment] for moment in MOMENTS if moment in way.at}
        line = {"client": client, "request": way.line, "status": way.status, "body_bytes": way.body_bytes, "at": at}
        os.write(self.fd, json.dumps(line).encode() + b"\n")
        return 0


cdef class TracedChannel(NativeChannel):
    """What a Loop serves when it traces."""

    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1:
        self.trail.ready()
        return NativeChannel.on_ready(self, mask, buf, room)

    cdef int feed(self, const char *data, Py_ssize_t n) except -1:
        self.trail.read()
        return NativeChannel.feed(self, data, n)

    cdef int _open(self) except -1:
        self.trail.parsed(self)
        return NativeChannel._open(self)

    cdef int _answered(self) except -1:
        cdef bint before = self.exchange is not None
        NativeChannel._answered(self)
        if before and self.exchange is None:
            self.trail.answered(self.conn)
        return 0

    cdef int flush(self) except -1:
        cdef long long before = self.left_to_send()
        NativeChannel.flush(self)
        if self.left_to_send() < before and not self.conn.aborted:
            self.trail.wrote()
        return 0

    cdef int turn(self) except -1:
        cdef bint inner = self.turning
        cdef int more = NativeChannel.turn(self)
        if not inner:
            self.trail.turned(self.left_to_send() == 0)
        return more

    cdef int lost(self) except -1:
        NativeChannel.lost(self)
        return self.trail.lost()
