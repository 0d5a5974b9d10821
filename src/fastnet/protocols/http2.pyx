"""One HTTP/2 connection of a server (RFC 9113), without I/O: frames in, events of streams out; what is sent is the base
class's, in http2_sender.

Events are pulled, as those of HTTP/1.1 are. DATA is handed on as it comes, and the client's windows are opened again only
when the application has taken it: hold() closes a stream's window and leaves the others theirs.

A rule that is broken ends the stream or, where the RFC says so, the connection, with the error code that it asks for.
What a client can do for nothing is counted: streams it has reset, frames that ask for nothing, CONTINUATION. Who goes
over a limit of those is told ENHANCE_YOUR_CALM, and the connection is closed.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.math cimport INFINITY
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memcmp, memcpy

from fastnet.codecs cimport chttp2 as c
from fastnet.codecs.chttp1 cimport FN_HTTP1_EXPECT_CONTINUE, FN_HTTP1_HAS_LENGTH, fn_http1_field
from fastnet.codecs.chttp2 cimport fn_http2_frame
from fastnet.codecs.hpack cimport Decoder, Encoder
from fastnet.codecs.http1 cimport Request, make_error
from fastnet.codecs.http2 cimport is_preface, parse_frame, put_u32, read_setting
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport (CLOSED, DATA, END, HEAD, NEED_DATA, PAUSED, STREAMS, Connection)
from fastnet.protocols.http2_head cimport (BAD_BLOCK, MALFORMED, UNBOUNDED, read_priority, unpack_request,
                                           unpack_trailers)
from fastnet.protocols.http2_closing cimport CONNECTION_WINDOW, MOST_WINDOW, Closing
from fastnet.protocols.http2_sender cimport Stream
from fastnet.protocols.workspace cimport Workspace

cdef enum:
    TABLE_BYTES = 4096         # of HPACK, in each direction
    DEFAULT_WINDOW = 65535     # of everything, until it is said otherwise
    MAX_FRAME = 16384          # that we take
    MAX_DISCARD = 65536        # bytes of a body dropped whose request was answered early
    PREFACE_SIZE = 24
    WORST = 6                  # settings in a frame beyond which it is counted more than once
    # settings (section 6.5.2)
    HEADER_TABLE_SIZE = 1
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6
    NO_RFC7540_PRIORITIES = 9
    # what the connection waits for
    FOR_STREAMS = 0
    FOR_REQUEST = 1
    FOR_REST = 2


@cython.final
cdef class Http2Connection(Closing):
    """State of one connection; pull events with step(). See the module's docstring and http2.pxd."""

    def __init__(self, Workspace workspace not None):
        Connection.__init__(self, workspace)
        self.streams, self.queue, self._lost, self._reset = {}, [], [], {}
        self.encoder, self.lines = Encoder(TABLE_BYTES), OutBuffer()
        self.decoder = Decoder(TABLE_BYTES)
        self.window = self._room = DEFAULT_WINDOW
        self._first_window = DEFAULT_WINDOW
        self.max_frame = MAX_FRAME
        self.streams_due = INFINITY
        self._resets, self._control = workspace.settings.max_resets, workspace.settings.max_control
        self._counted_at = workspace.now
        self._last_total = -1

    def __dealloc__(self):
        PyMem_Free(self._block)

    cdef int adopt(self, Connection other) except -1:
        self.receive(other._cur, other._left)
        self.settle()
        self.out, self.eof = other.out, other.eof
        other._left = 0
        return other._close(False, False)

    cdef int attach(self, Workspace ws) except -1:
        cdef Stream stream
        if self.ws is not ws:
            Closing.attach(self, ws)
            for stream in self.streams.values():
                stream.ws = ws
        return 0

    # --- the driver's side -------------------------------------------------------------------------------------------

    cdef int next(self) except -1:
        return STREAMS

    cdef bint wants_read(self) noexcept:
        if self.is_closed():
            return self.linger
        return not self.eof and not self.congested()

    cdef int settle(self) except -1:
        self._await()
        return Closing.settle(self)

    cdef int step(self) except -1:
        cdef fn_http2_frame frame
        cdef Py_ssize_t size
        cdef int event
        while True:
            if self._ending is not None:
                self.stream, self._ending = self._ending, None
                return END
            if self._lost:
                self.stream = self._lost.pop(0)
                return LOST
            if self.is_closed():
                return CLOSED
            if self.ws.draining and not self.goaway_sent and self._greeted:
                self._say_goaway(MOST_WINDOW, c.FN_HTTP2_NO_ERROR)
            if self.congested():
                return PAUSED
            if not self._greeted:
                event = self._greet()
                if event != STREAMS:
                    return event
            size = parse_frame(&frame, self._cur, self._left, MAX_FRAME)
            if size == c.FN_PARTIAL:
                if self.eof:
                    return self._end_of_input()
                return NEED_DATA
            if size == c.FN_INVALID:
                self._break(frame.error)
                continue
            payload = self._cur + frame.at
            self._cur += size
            self._left -= size
            event = self._frame(&frame, payload)
            if event != STREAMS:
                return event

    cdef int _greet(self) except -1:
        """The client's preface, and ours."""
        cdef char payload[24]
        cdef uint32_t values[4]
        cdef int i
        if not is_preface(self._cur, self._left):
            return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
        if self._left < PREFACE_SIZE:
            return self._close(True, False) if self.eof else NEED_DATA
        self._cur += PREFACE_SIZE
        self._left -= PREFACE_SIZE
        self._greeted = True
        names = (MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE, NO_RFC7540_PRIORITIES)
        values[0], values[1] = self.ws.settings.max_streams, self.ws.settings.stream_window
        values[2], values[3] = self.ws.settings.head.max_head, 1
        for i in range(4):
            payload[6 * i], payload[6 * i + 1] = 0, names[i]
            put_u32(payload + 6 * i + 2, values[i])
        self.put_frame(c.FN_HTTP2_SETTINGS, 0, 0, payload, 24)
        self.put_number(c.FN_HTTP2_WINDOW_UPDATE, 0, CONNECTION_WINDOW - DEFAULT_WINDOW)
        self._room = CONNECTION_WINDOW
        return STREAMS

    cdef int _end_of_input(self) except -1:
        """The client will send nothing more; what it has asked for is still answered."""
        cdef Stream stream
        for stream in list(self.streams.values()):
            if not stream.ended_in:
                stream.close(c.FN_HTTP2_CANCEL)
        if self._lost:
            self.stream = self._lost.pop(0)
            return LOST
        if not self.streams:
            return self._close(False, False)
        return NEED_DATA

    # --- frames ------------------------------------------------------------------------------------------------------

    cdef int _frame(self, const fn_http2_frame *frame, const char *payload) except -1:
        """An event of self.stream, or STREAMS: none."""
        cdef unsigned char kind = frame.type
        if self._block_stream:
            if kind != c.FN_HTTP2_CONTINUATION or frame.stream != self._block_stream:
                return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
            return self._on_continuation(frame, payload)
        if not self._settled:
            if kind != c.FN_HTTP2_SETTINGS or frame.flags & c.FN_HTTP2_ACK:
                return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
            self._settled = True
        if kind == c.FN_HTTP2_HEADERS:
            return self._on_headers(frame, payload)
        if kind == c.FN_HTTP2_DATA:
            return self._on_data(frame, payload)
        if kind == c.FN_HTTP2_WINDOW_UPDATE:
            return self._on_window(frame)
        if kind == c.FN_HTTP2_RST_STREAM:
            return self._on_reset(frame)
        if kind == c.FN_HTTP2_CONTINUATION or kind == c.FN_HTTP2_PUSH_PROMISE:
            return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
        if kind == c.FN_HTTP2_GOAWAY:
            return STREAMS           # it says what it will do; what is open goes on
        if frame.flags & c.FN_HTTP2_ACK and (kind == c.FN_HTTP2_PING or kind == c.FN_HTTP2_SETTINGS):
            return STREAMS
        if not self._count_control(1 + frame.len // (6 * WORST) if kind == c.FN_HTTP2_SETTINGS else 1):
            return self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM)
        if kind == c.FN_HTTP2_SETTINGS:
            return self._on_settings(frame, payload)
        if kind == c.FN_HTTP2_PING:
            self.put_frame(c.FN_HTTP2_PING, c.FN_HTTP2_ACK, 0, payload, 8)
        elif kind == c.FN_HTTP2_PRIORITY and frame.error:
            return self._break_stream(frame.stream, frame.error)
        elif kind == c.FN_HTTP2_PRIORITY_UPDATE:
            return self._on_priority(frame, payload)
        return STREAMS

    cdef int _on_data(self, const fn_http2_frame *frame, const char *payload) except -1:
        cdef Stream stream = <Stream>self.streams.get(frame.stream)
        cdef bint ends = frame.flags & c.FN_HTTP2_END_STREAM
        cdef long long most = self.ws.settings.max_body
        self._room -= frame.length
        if self._room < 0:
            return self._break(c.FN_HTTP2_FLOW_CONTROL_ERROR)
        if stream is None:
            self._unread += frame.length
            self._open_window()
            if frame.stream in self._reset:
                return STREAMS
            return self._break(c.FN_HTTP2_PROTOCOL_ERROR if frame.stream > self._last_id or not frame.stream & 1
                               else c.FN_HTTP2_STREAM_CLOSED)
        stream.room -= frame.length
        stream.unread += frame.length
        if stream.held:
            stream.withheld += frame.length
        else:
            self._unread += frame.length
        if stream.ended_in:
            return self._break_stream(stream.id, c.FN_HTTP2_STREAM_CLOSED)
        if stream.room < 0:
            return self._break_stream(stream.id, c.FN_HTTP2_FLOW_CONTROL_ERROR)
        if frame.len == 0 and not ends and not self._count_control(1):
            return self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM)
        stream.body_bytes += frame.len
        if 0 <= stream.content_length < stream.body_bytes:
            return self._break_stream(stream.id, c.FN_HTTP2_PROTOCOL_ERROR)
        stream._window += frame.length
        if ends:
            self._ended(stream)
        else:
            if not stream.held:
                stream._body_progress()
                stream._set_deadline()
            if not stream.answering and stream.body_bytes > MAX_DISCARD:
                stream.close(c.FN_HTTP2_NO_ERROR)        # it was answered: no need to go on
                return STREAMS
            if not stream.held:
                self.give_back(stream)
        if stream.aborted or not stream.answering or frame.len == 0:
            return STREAMS
        if most and stream.body_bytes > most:
            stream.fail(413, f"the body is over the limit of {most} bytes")
            self.drop(stream)
            return STREAMS
        self.stream = stream
        self.data, self.data_len = payload, frame.len
        return DATA

    cdef int _ended(self, Stream stream) except -1:
        """END_STREAM came."""
        if 0 <= stream.content_length != stream.body_bytes:
            return self._break_stream(stream.id, c.FN_HTTP2_PROTOCOL_ERROR)
        stream.ended_in = True
        stream._input_due = INFINITY
        stream._set_deadline()
        if stream.ended_out:
            self.forget(stream, False)
        elif stream.answering:
            self._ending = stream
        return STREAMS

    cdef int _on_headers(self, const fn_http2_frame *frame, const char *payload) except -1:
        cdef bint ends = frame.flags & c.FN_HTTP2_END_STREAM
        if not frame.stream & 1 or frame.error:
            return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
        if frame.flags & c.FN_HTTP2_END_HEADERS:
            return self._on_block(frame.stream, payload, frame.len, ends)
        self._block_stream, self._block_ends, self._block_len, self._continuations = frame.stream, ends, 0, 0
        return self._keep_block(payload, frame.len)

    cdef int _on_continuation(self, const fn_http2_frame *frame, const char *payload) except -1:
        cdef int event
        self._continuations += 1
        if self._continuations > self.ws.settings.max_continuations:
            return self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM)
        event = self._keep_block(payload, frame.len)
        if event == STREAMS and frame.flags & c.FN_HTTP2_END_HEADERS:
            self._block_stream, number = 0, self._block_stream
            event = self._on_block(number, self._block, self._block_len, self._block_ends)
            PyMem_Free(self._block)
            self._block, self._block_room = NULL, 0
        return event

    cdef int _keep_block(self, const char *data, Py_ssize_t n) except -1:
        cdef char *block
        cdef Py_ssize_t room
        if self._block_len + n > self.ws.settings.head.max_head:
            return self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM)
        if self._block_len + n > self._block_room or self._block == NULL:
            room = 2 * (self._block_len + n) + 256
            block = <char *>PyMem_Realloc(self._block, room)
            if block == NULL:
                raise MemoryError()
            self._block, self._block_room = block, room
        memcpy(self._block + self._block_len, data, n)
        self._block_len += n
        return STREAMS

    cdef int _on_block(self, uint32_t id, const char *block, Py_ssize_t n, bint ends) except -1:
        cdef Workspace ws = self.ws
        cdef Request request
        cdef Stream stream
        cdef fn_http1_field *priority
        cdef unsigned int flags
        cdef int error
        if id <= self._last_id:
            return self._on_trailers(id, block, n, ends)
        self._last_id = id
        request = ws.request
        error = unpack_request(ws, self.decoder, block, n, request)
        if error == BAD_BLOCK or error == UNBOUNDED:
            return self._break(c.FN_HTTP2_COMPRESSION_ERROR if error == BAD_BLOCK else c.FN_HTTP2_ENHANCE_YOUR_CALM)
        if len(self.streams) >= <Py_ssize_t>ws.settings.max_streams or self._last_goaway:
            return self._break_stream(id, c.FN_HTTP2_REFUSED_STREAM)
        if error == MALFORMED:
            return self._break_stream(id, c.FN_HTTP2_PROTOCOL_ERROR)
        stream = Stream.__new__(Stream)
        stream.open(self, id, self._first_window, ws.settings.stream_window)
        self.streams[id] = stream
        self.answering = True
        if error:
            if ends:
                stream.ended_in = True
            err = make_error(error) if error > 0 else None
            stream.fail(431 if err is None else err.status, "The head is over the limits." if err is None else str(err))
            return STREAMS
        stream.request = request
        flags = request.head.flags
        stream.is_head = request.head.method_len == 4 and memcmp(request.buf + request.head.method, b"HEAD", 4) == 0
        stream.is_connect = request.head.method_len == 7 and memcmp(request.buf + request.head.method, b"CONNECT", 7) == 0
        priority = request.find(b"priority", 8)
        if priority != NULL:
            read_priority(request.buf + priority.value, priority.value_len, &stream.urgency, &stream.incremental)
        stream.content_length = request.head.content_length if flags & FN_HTTP1_HAS_LENGTH else -1
        if ends:
            if stream.content_length > 0:
                return self._break_stream(id, c.FN_HTTP2_PROTOCOL_ERROR)
            stream.content_length = 0
            stream.ended_in = True
            self._ending = stream
        elif ws.settings.max_body and stream.content_length > ws.settings.max_body:
            stream.fail(413, f"the body of {stream.content_length} bytes is over the limit of {ws.settings.max_body}")
            return STREAMS
        else:
            stream.expects_continue = flags & FN_HTTP1_EXPECT_CONTINUE != 0
            # whether more has come that may be the body: the application may then be called with it
            stream._left = 0 if stream.expects_continue else self._left
            stream._begin_body()
            stream._set_deadline()
        self.stream = stream
        return HEAD

    cdef int _on_trailers(self, uint32_t id, const char *block, Py_ssize_t n, bint ends) except -1:
        cdef Stream stream = <Stream>self.streams.get(id)
        cdef int error
        cdef list trailers
        if stream is None and id not in self._reset:
            return self._break(c.FN_HTTP2_STREAM_CLOSED)
        trailers = unpack_trailers(self.ws, self.decoder, block, n, &error)
        if error == BAD_BLOCK or error == UNBOUNDED:
            return self._break(c.FN_HTTP2_COMPRESSION_ERROR if error == BAD_BLOCK else c.FN_HTTP2_ENHANCE_YOUR_CALM)
        if stream is None:
            return STREAMS           # sent before it knew of the reset; the tables had to follow
        if stream.ended_in:
            return self._break_stream(id, c.FN_HTTP2_STREAM_CLOSED)
        if error or not ends:
            return self._break_stream(id, c.FN_HTTP2_PROTOCOL_ERROR)
        stream.trailers = trailers or None
        return self._ended(stream)

    cdef int _on_settings(self, const fn_http2_frame *frame, const char *payload) except -1:
        cdef uint16_t name
        cdef uint32_t value, at
        cdef long long change
        cdef Stream stream
        cdef int error
        for at in range(0, frame.len, 6):
            error = read_setting(payload + at, &name, &value)
            if error:
                return self._break(error)
            if name == HEADER_TABLE_SIZE:
                self.encoder.set_size(value)
            elif name == MAX_FRAME_SIZE:
                self.max_frame = value
            elif name == INITIAL_WINDOW_SIZE:
                change = <long long>value - self._first_window
                self._first_window = value
                for stream in self.streams.values():
                    stream.window += change
                    if stream.window > MOST_WINDOW:
                        return self._break(c.FN_HTTP2_FLOW_CONTROL_ERROR)
        self.put_frame(c.FN_HTTP2_SETTINGS, c.FN_HTTP2_ACK, 0, NULL, 0)
        return STREAMS

    cdef int _on_window(self, const fn_http2_frame *frame) except -1:
        cdef Stream stream
        if frame.stream == 0:
            self.window += frame.number
            return self._break(c.FN_HTTP2_FLOW_CONTROL_ERROR) if self.window > MOST_WINDOW else STREAMS
        stream = <Stream>self.streams.get(frame.stream)
        if stream is None:
            if frame.stream > self._last_id or not frame.stream & 1:
                return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
            return STREAMS
        if frame.error:
            return self._break_stream(frame.stream, frame.error)
        stream.window += frame.number
        if stream.window > MOST_WINDOW:
            return self._break_stream(frame.stream, c.FN_HTTP2_FLOW_CONTROL_ERROR)
        return STREAMS

    cdef int _on_reset(self, const fn_http2_frame *frame) except -1:
        cdef Stream stream = <Stream>self.streams.get(frame.stream)
        if stream is None:
            if frame.stream > self._last_id or not frame.stream & 1:
                return self._break(c.FN_HTTP2_PROTOCOL_ERROR)
            return STREAMS if self._count_control(1) else self._break(c.FN_HTTP2_ENHANCE_YOUR_CALM)
        self.forget(stream, True)
        self.drop(stream)
        return self._count_reset()

    cdef int _on_priority(self, const fn_http2_frame *frame, const char *payload) except -1:
        cdef Stream stream = <Stream>self.streams.get(frame.last_stream)
        if stream is not None:
            stream.urgency, stream.incremental = 3, False
            read_priority(payload, frame.len, &stream.urgency, &stream.incremental)
        return STREAMS

    # --- time --------------------------------------------------------------------------------------------------------

    cdef int _await(self) except -1:
        """Between two turns: what is waited for, and since when."""
        cdef unsigned char waits = FOR_REST if self._block_stream or (self._left and not self.streams) else (
            FOR_STREAMS if self.streams else FOR_REQUEST)
        if waits == self._waits and waits != FOR_STREAMS and self._settled:
            return 0
        if self._settled:
            self._waits = waits
            if waits == FOR_STREAMS:
                self._input_due = INFINITY
            else:
                self._await_head(self.ws.settings.head_timeout if waits == FOR_REST
                                 else self.ws.settings.keepalive_timeout)
        return 0

    cdef int _set_deadline(self) noexcept:
        self.deadline = min(self._input_due, self._write_due, self.streams_due)
        return 0

    cdef int timeout(self) except -1:
        if self.ws.now >= self._write_due:
            return self.abort()
        if not self.streams and self._left == 0 and not self._block_stream:
            self.shut()                  # due or not: a driver may call it a day for one that is idle
        elif self.ws.now >= self._input_due:
            self._break(c.FN_HTTP2_NO_ERROR)
        else:
            self._judge_streams()
        return self._set_deadline()

    cdef int _judge_streams(self) except -1:
        cdef Stream stream
        cdef Workspace ws = self.ws
        self.streams_due = INFINITY
        for stream in list(self.streams.values()):
            if stream._write_due <= ws.now:
                if stream.window > 0 and self.window > 0:
                    stream._write_due = ws.now + ws.settings.write_timeout     # it waits for others, not for the client
                else:
                    stream.close(c.FN_HTTP2_CANCEL)
                    continue
            if stream._input_due <= ws.now:
                if stream.answering and not stream.head_sent:
                    stream.fail(408, f"the request body came too slowly: under {ws.settings.min_rate:g} bytes/s")
                if not stream.aborted:
                    stream.close(c.FN_HTTP2_NO_ERROR)
                continue
            stream._set_deadline()
        return 0
