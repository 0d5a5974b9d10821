"""WSGI under an event loop: the application runs in a bounded pool of threads, the connection stays with the loop.

The loop collects the request, a thread calls the application and iterates over its answer. What the thread has to send
goes into a queue that the loop empties; a thread whose client does not keep up gives the request back, and some thread
goes on with it when there is room. Only write() blocks one, as PEP 3333 has it.

Thread and loop share no count that both change: each only reads the other's.
"""

import concurrent.futures
import contextvars
import itertools
import logging
import sys
import threading
from collections import deque
from time import monotonic
from typing import NamedTuple

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.apps.wsgi cimport WSGIApp, WSGIExchange, bind_exchange, write_head
from fastnet.protocols.http1 cimport Connection

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1

logger = logging.getLogger("fastnet")

cdef extern from "unistd.h" nogil:
    int usleep(unsigned int us)

cdef enum:
    AHEAD = 131072        # bytes of an answer that a thread produces ahead of the loop
    HAND_OVER_US = 20     # a short sleep: who only lets go of the GIL takes it back before others wake

# A thread that has run for this long hands over between two requests, rather than inside one, where the interpreter would
# switch (after 5 ms); the shorter, the sooner the loop hears of answers.
cdef double HOLD_S = 0.0008


class FilePart(NamedTuple):
    """Bytes of a file, in the queue."""

    fd: int
    start: int
    size: int


@cython.final
cdef class PooledWSGIApp(App):
    """Runs the WSGI app `wsgi` in `threads` threads, for the connections of `loop`.

    begin(thread, now, line) and end(thread) are called in a thread around the application's work, with its number from
    0 on: where the supervisor looks for requests that are stuck.
    """

    cdef WSGIApp wsgi
    cdef object loop, pool, begin, end, here
    cdef bint has_gil

    def __init__(self, WSGIApp wsgi not None, loop, int threads, begin, end):
        numbers = itertools.count()
        self.wsgi, self.loop, self.begin, self.end = wsgi, loop, begin, end
        self.here = here = threading.local()
        self.has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()

        def number():
            here.number, here.since = next(numbers), monotonic()
            here.ended = here.since

        self.pool = concurrent.futures.ThreadPoolExecutor(threads, "fastnet-wsgi", number)

    cdef Exchange open(self, Carrier carrier):
        cdef PooledExchange exchange = PooledExchange.__new__(PooledExchange)
        exchange.pooled = self
        exchange.queue, exchange.has_files = deque(), carrier.sends_files()
        return bind_exchange(exchange, self.wsgi, carrier)

    cdef int hand_over(self) except -1:
        """Let another thread have the GIL, if this one has had it for long."""
        here = self.here
        here.ended = monotonic()
        if self.has_gil and here.ended - here.since > HOLD_S:
            with nogil:
                usleep(HAND_OVER_US)
            here.since = here.ended = monotonic()
        return 0

    def close(self):
        """No more requests; those that run are not waited for."""
        self.pool.shutdown(wait=False, cancel_futures=True)


@cython.final
cdef class PooledExchange(WSGIExchange):
    """One request; the methods up to "the thread's side" belong to the loop."""

    cdef PooledWSGIApp pooled
    cdef object queue                # what the thread wants sent: see apply()
    cdef object room                 # write() waits for it in the thread; None: nobody does
    cdef long long put_bytes         # changed by the thread only
    cdef long long taken_bytes       # changed by the loop only
    cdef bint congested              # changed by the loop only
    cdef bint has_files              # the driver sends files by itself
    cdef bint in_transit             # it does so now; changed by the loop only
    cdef bint running                # a thread has the request
    cdef bint stalled                # the thread stopped for want of room, and gave it back
    cdef bint posted                 # the loop will look at the queue
    cdef bint complete

    cdef int run(self) except -1:
        return self.submit(self._call)

    cdef int drained(self) except -1:
        self.in_transit = False
        return self.settle()

    cdef int lost(self) except -1:
        self.dead = True
        self.carrier = None
        if self.room is not None:
            self.room.set()
        if not self.running:
            self.submit(self._close)
        return 0

    cdef int submit(self, work) except -1:
        self.running = True
        self.stalled = False
        if self.context is None:
            self.context = contextvars.copy_context()
        self.pooled.pool.submit(self._work, work)
        return 0

    cdef int settle(self) except -1:
        """Send what is queued; let the thread go on if there is room."""
        cdef Carrier carrier = self.carrier
        if carrier is None:
            return 0
        self.apply(carrier)
        if self.carrier is None:
            return carrier.proceed()
        if self.in_transit:
            self.waiting = True
            return carrier.proceed()     # to a turn, which will call drained()
        carrier.flush()
        self.congested = carrier.congested()
        if self.congested:
            self.waiting = True
        elif self.room is not None:
            self.room.set()
        elif self.stalled and not self.running:
            self.submit(self._go_on)
        return 0

    cdef int apply(self, Carrier carrier) except -1:
        cdef Connection conn = carrier.conn
        cdef bytes data
        cdef bint failed = False
        try:
            while self.queue:
                item = self.queue.popleft()
                if type(item) is bytes:
                    data = item
                    self.taken_bytes += PyBytes_GET_SIZE(data)
                    conn.send_data(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)
                elif type(item) is FilePart:
                    carrier.send_file(item.fd, item.start, item.size)
                    self.in_transit = True
                elif type(item) is tuple:
                    status, headers, length = item
                    write_head(conn, status, headers, length)
                elif item:
                    conn.send_end(None)
                    self.carrier = None
                else:
                    failed = True
        except Exception:
            logger.error("%s failed", self._label(), exc_info=True)
            failed = True
        if failed:
            self.dead = True
            self.carrier = None
            if not self.running and not self.complete:
                self.submit(self._close)
            conn.fail(500, "Internal Server Error")
        return 0

    def _look(self):
        self.posted = False
        self.settle()

    def _back(self):
        """The thread is done with the request, for now or for good."""
        self.running = False
        self.posted = False
        if self.complete or self.dead:
            self._start_response = self._write = None
        if self.carrier is not None:
            self.settle()
        elif not self.complete:
            self.submit(self._close)

    # --- the thread's side -------------------------------------------------------------------------------------------

    def _work(self, work):
        cdef PooledWSGIApp pooled = self.pooled
        here, began = pooled.here, monotonic()
        number = here.number
        if began - here.ended > HOLD_S:
            here.since = began       # it has waited for work, without the GIL
        PyContext_Enter(self.context)
        try:
            pooled.begin(number, began, self._label().encode("utf-8", "replace"))
            work()
        except BaseException:    # sys.exit() in a request ends that request
            self.broke()
        finally:
            PyContext_Exit(self.context)
            pooled.end(number)
            try:
                pooled.loop.call_soon_threadsafe(self._back)
            except RuntimeError:
                pass             # the loop has ended
            pooled.hand_over()

    def _call(self):
        self._answer(self.app.callable(self.environ, self._start_response))

    def _go_on(self):
        self._more()

    def _close(self):
        self.close()

    cdef int close(self) except -1:
        self.complete = True
        return WSGIExchange.close(self)

    cdef int put_head(self, long long length) except -1:
        if self.status is None:
            raise AssertionError("the app answered without calling start_response()")
        self.queue.append((self.status, self.headers, length))
        self.started = True
        return 0

    cdef bint put_repeated(self, bytes body) except -1:
        return False               # the connection is the loop's

    cdef int put(self, bytes data) except -1:
        self.queue.append(data)
        self.put_bytes += PyBytes_GET_SIZE(data)
        return 0

    cdef bint sends_files(self):
        return self.has_files

    cdef int put_file(self, int fd, long long start, long long n) except -1:
        self.queue.append(FilePart(fd, start, n))
        self.stalled = True
        return 0

    cdef int put_end(self) except -1:
        self.complete = True
        self.queue.append(True)
        return 0

    cdef int put_failure(self) except -1:
        if not self.dead:
            self.queue.append(False)
        return 0

    cdef bint full(self) except -1:
        if self.congested or self.put_bytes - self.taken_bytes > AHEAD:
            self.stalled = True
            return True
        return False

    cdef int flush(self) except -1:
        if not self.posted:
            self.posted = True
            self.pooled.loop.call_soon_threadsafe(self._look)
        return 0

    cdef int wait(self) except -1:
        self.room = threading.Event()
        self.flush()
        self.room.wait()
        self.room = None
        self.stalled = False
        if self.dead:
            raise ConnectionError("the client is gone")
        return 0
