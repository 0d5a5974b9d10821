"""TLS between a socket and what it carries, without I/O of its own: ssl's SSLObject between two pieces of memory.

feed() what the socket gave; agree() until `established`; then read() what the peer meant. seal() what is meant for it,
and send what sealed() and next() give. Whatever is wrong is raised as ssl.SSLError, and what sealed() gives then is the
alert that tells the peer.
"""

cimport cython


cdef object ssl_module():
    # Not with this module, which every worker imports, as it takes some MiB.
    import ssl
    return ssl


@cython.final
cdef class TLSLayer:
    """One connection's TLS, of the server's side."""

    def __init__(self, context, double due):
        self.due = due
        ssl = ssl_module()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        # SSLObject's read() and write() are Python around these, and cost a tenth of a small message.
        self.engine = getattr(self.session, "_sslobj", self.session)

    cdef int feed(self, bytes data) except -1:
        self.began = self.fed = True
        self.tasted = False
        self.incoming.write(data)
        return 0

    cdef int agree(self) except -1:
        self.written = True
        try:
            self.session.do_handshake()
            self.established = True
        except ssl_module().SSLWantReadError:
            pass
        return 0

    cdef Py_ssize_t read(self, object window, Py_ssize_t room) except -2:
        """Into `window`, which has `room`. A read takes no more than a record, and what comes short took all of it."""
        cdef Py_ssize_t n
        if self.tasted and not self.full and not self.incoming.pending:
            self.fed = False
            return -1
        try:
            n = self.engine.read(room, window)
        except ssl_module().SSLWantReadError:
            self.fed = False
            return -1
        except ssl_module().SSLZeroReturnError:
            return 0
        self.tasted, self.full = True, n == room
        return n

    cdef int seal(self, list pieces) except -1:
        # Few small pieces become one record rather than one each.
        return self.seal_one(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    cdef int seal_one(self, object piece) except -1:
        self.written = True
        self.engine.write(piece)
        return 0

    cdef int end(self) except -1:
        """Say close_notify: nothing more will be sent."""
        if self.established and not self.ended:
            self.ended = self.written = True
            try:
                self.session.unwrap()
            except ssl_module().SSLError:
                pass                     # as always: the peer's own close_notify is not waited for
        return 0

    cdef bytes sealed(self):
        if self.waiting is None:
            self.next()
        return self.waiting

    cdef bytes next(self):
        self.sent = 0
        self.waiting = None
        if self.written:
            self.written = False
            self.waiting = self.outgoing.read() or None
        return self.waiting

    cdef Py_ssize_t left(self) except -1:
        return self.outgoing.pending + (0 if self.waiting is None else len(self.waiting) - self.sent)

    @property
    def facts(self):
        """The TLSFacts of an established connection."""
        from fastnet.servers.tls import facts_of
        return facts_of(self.session)
