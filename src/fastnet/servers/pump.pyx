"""The one pump: bytes -> Connection -> app -> bytes, whatever the driver.

A driver subclasses Channel with two methods, flush() and finish(), and calls feed(), feed_end(), turn(), expire() and
lost() as the socket and the clock demand. turn() moves everything that can move: it pulls events into the exchange,
flushes, lets a congested answer go on, and goes on with the next pipelined request, until input is needed, output is
blocked, or the conversation is over. A connection that could go on for ever, be it by pipelining or by streaming to a
fast reader, is stopped after SHARE_S: turn() then returns 1, and the driver calls it again after the others.
"""

from time import gmtime

cimport cython
from libc.math cimport floor
from libc.string cimport memcpy

from fastnet.apps.base cimport App
from fastnet.apps.session cimport ServiceApp
from fastnet.apps.static cimport StaticApp
from fastnet.codecs.http1 cimport Request
from fastnet.protocols.http1 cimport (CLOSED, DATA, END, HEAD, HTTP2, NEED_DATA, PAUSED, STREAMS, UPGRADED,
                                      Connection)
from fastnet.protocols.workspace cimport Settings, Workspace
from fastnet.servers.board cimport LATE, LEFT, LINE_SIZE, REFUSED, Slot, count_answer

from fastnet.apps.wsgi import WSGIApp
from fastnet.codecs.websocket_deflate import Deflate
from fastnet.protocols.websocket_options import Options
from fastnet.servers.accesslog import Entry
from fastnet.servers.log import LOGGER

cdef extern from *:
    """
    #include <time.h>
    /* A few milliseconds behind, at a fraction of the cost: good enough for deadlines and dates. */
    #ifdef CLOCK_MONOTONIC_COARSE
    #define COARSE_MONOTONIC CLOCK_MONOTONIC_COARSE
    #define COARSE_REALTIME CLOCK_REALTIME_COARSE
    #else
    #define COARSE_MONOTONIC CLOCK_MONOTONIC
    #define COARSE_REALTIME CLOCK_REALTIME
    #endif
    """

cdef extern from "<time.h>" nogil:
    const int COARSE_MONOTONIC, COARSE_REALTIME

cdef enum:
    MOST_FRAGMENTS = 1 << 18

# What one connection may take of a thread, in seconds, while others wait. A request is never interrupted.
cdef double SHARE_S = 0.003

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

cdef double clock(int which) noexcept nogil:
    cdef timespec t
    clock_gettime(which, &t)
    return t.tv_sec + t.tv_nsec * 1e-9


cdef bytes date_field(long long second):
    """The Date field of a second since the epoch (RFC 9110, section 5.6.7), independent of the locale."""
    t = gmtime(second)
    return b"date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n" % (
        DAYS[t.tm_wday].encode(), t.tm_mday, MONTHS[t.tm_mon - 1].encode(), t.tm_year, t.tm_hour, t.tm_min, t.tm_sec)


@cython.final
cdef class Pump:
    """What the channels of one thread or loop share: workspace, app, clock, its place on the board, the access log."""

    def __init__(self, Workspace ws not None, App app not None, access=None, tracer=None, multiplex=None):
        self.ws, self.app, self.access, self.tracer = ws, app, access, tracer
        self.multiplex = multiplex if ws.settings.http2 else None
        self.tick()

    cdef double tick(self) noexcept:
        cdef double now = clock(COARSE_MONOTONIC), second
        self.ws.now = now
        if now >= self._date_due:
            second = clock(COARSE_REALTIME)
            self.ws.date_line = date_field(<long long>second)
            self._date_due = now + 1 - (second - floor(second))
        return now

    cdef int opened(self) noexcept:
        if self.slot != NULL:
            self.slot.accepted += 1
        return 0

    cdef int closed(self) noexcept:
        if self.slot != NULL:
            self.slot.closed += 1
        return 0

    cdef int count(self, int error) noexcept:
        if self.slot != NULL:
            self.slot.errors[error] += 1
        return 0


cdef class Streams:
    """The exchanges of a connection that has several at once. See servers/http2."""

    cdef int pull(self) except -1:
        raise NotImplementedError()

    cdef int lost(self) except -1:
        raise NotImplementedError()


cdef class Channel(Carrier):
    """A connection as the pump sees it; a driver subclasses it."""

    cdef int enter(self, Pump pump) except -1:
        self.pump = pump
        self.conn.attach(pump.ws)
        return 0

    cdef object client_name(self):
        return "a client" if self.client is None else f"{self.client[0]}:{self.client[1]}"

    cdef int feed(self, const char *data, Py_ssize_t n) except -1:
        if is_client_hello(data, n) and self.tls is None and self.idle():
            LOGGER.info("%s speaks TLS where nothing is encrypted: to serve https://, --bind tls://HOST:PORT",
                        self.client_name())
        if self.pump.slot != NULL:
            self.pump.slot.received += n
        self.conn.receive(data, n)
        return self.turn()

    cdef int feed_end(self) except -1:
        self.conn.receive_end()
        if self.exchange is not None:
            self.exchange.eof()
        return self.turn()

    cdef int proceed(self) except -1:
        if self.turning:
            self.again = True
            return 0
        return self.turn()

    cdef int turn(self) except -1:
        """Returns 1 when it stopped for the sake of others: call it again soon."""
        cdef Connection conn = self.conn
        cdef int event
        if self.turning:
            self.again = True
            return 0
        self.turning = True
        try:
            while not self.finished:
                self.again = False
                event = self._pull()
                self._idle()
                conn.settle()
                self.flush()
                if conn.aborted and event != CLOSED:
                    continue        # the socket broke while flushing: the next event says that it is over
                if self.blocked and not conn.aborted:
                    break
                if self.busy:
                    return 1
                if event >= UPGRADED and event != STREAMS:
                    if event == SHARE_OVER:
                        return 1
                    if event == HTTP2:
                        self.streams = self.pump.multiplex(self)
                        return 1
                    if not self.finished:
                        self.finished = True
                        self.finish()
                    break
                if self.exchange is not None and self.exchange.waiting:
                    if self.share_over():
                        return 1
                    self.exchange.waiting = False
                    self._running()
                    self.exchange.drained()
                    self._answered()
                    self._idle()
                elif not self.again and (event != PAUSED or conn.held or conn.answering):
                    break
        finally:
            self.turning = False
        return 0

    cdef int _pull(self) except -1:
        """Events into the exchange, until there are none; returns the last one."""
        cdef Connection conn = self.conn
        cdef int event
        while True:
            event = conn.next()
            if event == HEAD:
                self._open()
            elif event == DATA:
                if self.exchange is not None:
                    self.exchange.data(conn.data, conn.data_len)
            elif event == END:
                if self.exchange is not None:
                    self._running()
                    self.exchange.end()
            elif event == STREAMS:
                return self.streams.pull()
            else:
                if event == UPGRADED and self.exchange is not None and self.exchange.tunnels:
                    if self._tunnel():
                        if self.share_over():
                            return SHARE_OVER
                        continue
                    return NEED_DATA
                if event == CLOSED and self.exchange is not None:
                    self.lost()
                if conn.refused:
                    conn.refused = False
                    if self.pump.slot != NULL:
                        self.pump.slot.errors[REFUSED] += 1
                        self.pump.slot.answers[4] += 1
                    if self.pump.access is not None:
                        self.record = (b"", None, None, clock(CLOCK_REALTIME), clock(CLOCK_MONOTONIC))
                        self._log()
                return event
            self._answered()
            if self.exchange is None:
                if conn._left > 0 and self.share_over():
                    return SHARE_OVER
            elif conn.held == self.exchange.wants_data():
                conn.hold(not conn.held)

    cdef bint _tunnel(self) except -1:
        """Give what came to an exchange that has switched protocols; False: there is nothing, or it has enough."""
        cdef Connection conn = self.conn
        cdef const char *data = conn._cur
        cdef Py_ssize_t n = conn._left
        conn.held = not self.exchange.wants_data()
        if n == 0 or conn.held:
            return False
        conn._left = 0
        self._running()
        self.exchange.data(data, n)
        return True

    cdef int time_is_up(self) except -1:
        """The deadline has passed, or the server drains and the connection is idle."""
        self.conn.timeout()
        if self.exchange is not None and self.exchange.tunnels and not self.conn.is_closed():
            self.exchange.expire()
        return 0

    cdef int _open(self) except -1:
        cdef Request request = self.conn.request
        self._show(request)
        if self.pump.access is not None:
            self.record = self._begin_record(request)
        self.exchange = self.pump.app.open(self)
        return self.exchange.start()

    cdef int _show(self, Request request) noexcept:
        cdef Slot *slot = self.pump.slot
        cdef size_t n
        if slot != NULL:
            # method and target stand behind each other in the head
            n = min(<size_t>(request.head.target - request.head.method) + request.head.target_len, <size_t>LINE_SIZE - 1)
            memcpy(slot.line, request.buf + request.head.method, n)
            slot.line[n] = 0
            slot.since = self.pump.ws.now
            self.began = clock(CLOCK_MONOTONIC)
        return 0

    cdef int _running(self) noexcept:
        """The app goes on with a request that another turn may have begun."""
        cdef Slot *slot = self.pump.slot
        if slot != NULL and slot.since == 0:
            slot.line[0] = 0
            slot.since = self.pump.ws.now
        return 0

    cdef int _idle(self) noexcept:
        if self.pump.slot != NULL:
            self.pump.slot.since = 0
        return 0

    cdef int _answered(self) except -1:
        """If the answer is complete, be done with it."""
        cdef Slot *slot = self.pump.slot
        if self.conn.answering or self.exchange is None or self.exchange.tunnels:
            return 0
        self.exchange = None
        if slot != NULL:
            count_answer(slot, self.conn.status, clock(CLOCK_MONOTONIC) - self.began, self.conn.answer_bytes)
        if self.record is not None:
            self._log()
        return 0

    cdef tuple _begin_record(self, Request request):
        """What the access log will want to know of the request: its line, two of its fields, when it came."""
        cdef Py_ssize_t start = request.head.method, end = request.head.target + request.head.target_len
        line = b"%s HTTP/%s" % (request.slice(start, end - start), request.version.encode())
        return (line, request.get("referer"), request.get("user-agent"), clock(CLOCK_REALTIME), clock(CLOCK_MONOTONIC))

    cdef int _log(self) except -1:
        record, self.record = self.record, None
        return self._write_record(record, self.conn.status, self.conn.answer_bytes)

    cdef int _write_record(self, tuple record, int status, long long answer_bytes) except -1:
        line, referer, user_agent, arrived, began = record
        client = None if self.client is None else self.client[0]
        self.pump.access.write(Entry(client, arrived, line, status, answer_bytes, clock(CLOCK_MONOTONIC) - began,
                                     referer, user_agent))
        return 0

    cdef int late(self) noexcept:
        return 0 if self.idle() else self.pump.count(LATE)

    cdef int expire(self) except -1:
        self.late()
        self.time_is_up()
        return self.turn()

    cdef int lost(self) except -1:
        """The connection is gone: whoever still answers is told."""
        cdef Streams streams = self.streams
        if streams is not None:
            self.streams = None                # it knows this channel: nothing is to be left in a circle
            return streams.lost()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            if not exchange.tunnels:
                self.pump.count(LEFT)
            self._running()
            exchange.lost()
            self._idle()
            if exchange.tunnels and self.pump.slot != NULL:
                self.pump.slot.requests += 1
            if self.record is not None:
                self._log()
        return 0

    cdef bint idle(self) noexcept:
        cdef Connection conn = self.conn
        return not self.finished and not conn.answering and conn._left == 0 and conn._partial == NULL

    cdef bint share_over(self) noexcept:
        return clock(COARSE_MONOTONIC) - self.pump.ws.now > SHARE_S

    cdef int cut_answer(self) except -1:
        self.conn.fail(500, "Internal Server Error")
        return self.proceed()

    cdef int finish(self) except -1:
        raise NotImplementedError()


def settings_of(config) -> Settings:
    """The Settings that a Config asks for."""
    return Settings(
        max_request_line=config.max_request_line, max_header_bytes=config.max_header_bytes,
        max_headers=config.max_headers, max_body=config.max_body, max_chunk_extensions=config.max_chunk_extensions,
        max_trailer_bytes=config.max_trailer_bytes, max_pipelined=config.max_pipelined, max_output=config.max_output,
        first_byte_timeout=config.first_byte_timeout, head_timeout=config.head_timeout,
        body_timeout=config.body_timeout, min_rate=config.min_rate, keepalive_timeout=config.keepalive_timeout,
        write_timeout=config.write_timeout, http2=config.http2, max_streams=config.http2_max_streams,
        stream_window=config.http2_stream_window, max_resets=config.http2_max_resets,
        max_control=config.http2_max_control, max_continuations=config.http2_max_continuations)


def service_app(service, config, loop=None) -> ServiceApp:
    """What answers the connections of a service, as a Config says."""
    return ServiceApp(service, loop, max_output=config.max_output, idle_timeout=config.keepalive_timeout)


def blocking_app(app, str interface, config, files) -> App:
    """What answers connections in a thread that may block: "wsgi", behind `files`, or a "service" of plain functions."""
    return service_app(app, config) if interface == "service" else with_files(WSGIApp(app, **wsgi_options(config)), files)


def files_of(config):
    """The StaticFiles that a Config has in front of an application, for all threads of a process; None: there are none."""
    if not config.static:
        return None
    from fastnet.apps.static_files import StaticFiles

    return StaticFiles(config.static, config.static_max_age)


def with_files(App app not None, files) -> App:
    """`app`, behind what files_of() gave."""
    return app if files is None else StaticApp(app, files)


def websocket_options(config) -> Options:
    """The Options of an ASGI app's WebSockets."""
    # A message of the largest size may come in the smallest frames that anybody sends: they cost no memory.
    return Options(max_message_bytes=config.ws_max_message, max_fragments=MOST_FRAGMENTS,
                   ping_interval=config.ws_ping_interval, ping_timeout=config.ws_ping_timeout,
                   deflate=None if config.ws_no_deflate else Deflate())


def wsgi_options(config) -> dict[str, object]:
    """What a Config says to a WSGIApp, by name."""
    own_process = config.per_connection > 0 and config.model == "prefork"
    return dict(multithread=config.threads > 1, multiprocess=config.workers > 1 or own_process, spool=config.body_spool,
                spool_dir=config.spool_dir, root_path=config.root_path)
