"""TLS between a socket and what it carries, without I/O of its own: ssl's SSLObject between two pieces of memory.

feed() what the socket gave; agree() until `established`; then read() what the peer meant. seal() what is meant for it,
and send what sealed() and next() give. Whatever is wrong is raised as ssl.SSLError, and what sealed() gives then is the
alert that tells the peer.
"""

import ssl

cimport cython
from cpython.buffer cimport PyBUF_WRITE
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory

from fastnet.servers.tls import facts_of


@cython.final
cdef class TLSLayer:
    """One connection's TLS, of the server's side."""

    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    cdef int feed(self, const char *data, Py_ssize_t n) except -1:
        self.began = True
        self.incoming.write(PyBytes_FromStringAndSize(data, n))
        return 0

    cdef int agree(self) except -1:
        try:
            self.session.do_handshake()
            self.established = True
        except ssl.SSLWantReadError:
            pass
        return 0

    cdef Py_ssize_t read(self, char *buf, Py_ssize_t room) except -2:
        if not self.incoming.pending and not self.session.pending():
            return -1
        try:
            return self.session.read(room, PyMemoryView_FromMemory(buf, room, PyBUF_WRITE))
        except ssl.SSLWantReadError:
            return -1
        except ssl.SSLZeroReturnError:
            return 0

    cdef int seal(self, list pieces) except -1:
        # Few small pieces become one record rather than one each.
        self.session.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        return 0

    cdef int end(self) except -1:
        """Say close_notify: nothing more will be sent."""
        if self.established and not self.ended:
            self.ended = True
            try:
                self.session.unwrap()
            except ssl.SSLError:
                pass                     # as always: the peer's own close_notify is not waited for
        return 0

    cdef bytes sealed(self):
        if self.waiting is None:
            self.next()
        return self.waiting

    cdef bytes next(self):
        self.sent = 0
        self.waiting = self.outgoing.read() if self.outgoing.pending else None
        return self.waiting

    cdef Py_ssize_t left(self) except -1:
        return self.outgoing.pending + (0 if self.waiting is None else len(self.waiting) - self.sent)

    @property
    def facts(self):
        """The TLSFacts of an established connection."""
        return facts_of(self.session)
