"""How an app and the driver under it meet: Carrier below, App and Exchange above.

The pump calls an Exchange as the request arrives; the Exchange answers through `carrier.conn` whenever it likes, and
tells the carrier so when it was not called by the pump. None of these classes does anything itself.
"""


cdef class Carrier:
    """One connection, as an app sees it. Drivers subclass it."""

    cdef int awake(self) except -1:
        return 0

    cdef int flush(self) except -1:
        raise NotImplementedError()

    cdef int proceed(self) except -1:
        raise NotImplementedError()

    cdef bint congested(self):
        return self.conn.congested()

    cdef bint share_over(self) noexcept:
        return False

    cdef int cut_answer(self) except -1:
        raise NotImplementedError()

    cdef int wait_room(self) except -1:
        raise NotImplementedError()

    cdef bint sends_files(self) noexcept:
        return False

    cdef int send_file(self, int fd, long long start, long long n) except -1:
        raise NotImplementedError()


cdef class Exchange:
    """One request and its answer. App interfaces subclass it."""

    cdef int start(self) except -1:
        raise NotImplementedError()

    cdef int data(self, const char *data, Py_ssize_t n) except -1:
        return 0

    cdef int end(self) except -1:
        return 0

    cdef bint wants_data(self):
        return True

    cdef int eof(self) except -1:
        return 0

    cdef int expire(self) except -1:
        return 0

    cdef int drained(self) except -1:
        return 0

    cdef int lost(self) except -1:
        return 0


cdef class App:
    """What answers requests; one object a thread or loop."""

    cdef Exchange open(self, Carrier carrier):
        raise NotImplementedError()

    cdef int end_turn(self) except -1:
        return 0
