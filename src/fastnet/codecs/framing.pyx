"""Framing: what all framings share. A `Framing` describes, once and for all; a `Decoder` is one stream's state.

A decoder looks for frames where the bytes lie: in the caller's data, as long as nothing is left over from before, else
in a block of its own, to which just enough is copied to complete the unfinished frame. The block grows as bytes come,
not as they are announced, so a peer that announces much and sends nothing costs nothing.

A view is lent for as long as it is kept: a block of which views exist is never written again, but left to them.

A bad frame does not take the good ones before it along: these are returned, `error` says what followed, and the next
call raises it. One thread at a time may use a decoder; a second one gets RuntimeError.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromObject
from libc.string cimport memcpy, memmove, memset

from fastnet.codecs cimport cframing as c
from fastnet.codecs.cframing cimport fn_frame, fn_framing, fn_framing_state, fn_framing_word, fn_line_end
from fastnet.codecs.framing_memory cimport Block, Room, Spans, fn_give, fn_load, fn_take

import functools
import types

from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError

cdef extern from "Python.h":
    Py_buffer *PyMemoryView_GET_BUFFER(object view)

cdef enum:
    AS_BYTES = 0
    AS_VIEWS = 1
    AS_OFFSETS = 2
    AS_UNWRAPPED = 3
    BATCH = 128               # frames found between two looks at Python objects
    KEEP_BYTES = 65536        # an empty block larger than this is given back; also the usual room for a receive
    FIRST_BYTES = 512         # of a block that holds the beginning of a frame
    FIRST_TASTE = 64          # bytes joined to an unfinished frame whose length is not known


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef Py_ssize_t scan(const fn_framing *how, fn_framing_state *state, const char *buf, size_t n, fn_frame *frames,
                     size_t max_frames, size_t *count) noexcept nogil:
    return c.fn_framing_scan(how, state, buf, n, frames, max_frames, count)

cdef int set_prefix(fn_framing *how, unsigned int length_bytes, bint big_endian, bint inclusive, size_t offset,
                    size_t max_frame) noexcept:
    return c.fn_framing_prefix(how, length_bytes, big_endian, inclusive, offset, max_frame)

cdef int set_varint(fn_framing *how, size_t max_frame) noexcept:
    return c.fn_framing_varint(how, max_frame)

cdef int set_fixed(fn_framing *how, size_t size) noexcept:
    return c.fn_framing_fixed(how, size)

cdef int set_netstring(fn_framing *how, size_t max_frame) noexcept:
    return c.fn_framing_netstring(how, max_frame)

cdef int set_delimiter(fn_framing *how, const char *delimiter, size_t n, size_t max_frame) noexcept:
    return c.fn_framing_delimiter(how, delimiter, n, max_frame)

cdef int set_lines(fn_framing *how, fn_line_end end, size_t max_frame) noexcept:
    return c.fn_framing_lines(how, end, max_frame)

cdef int set_dot(fn_framing *how, bint allow_bare, size_t max_frame) noexcept:
    return c.fn_framing_dot(how, allow_bare, max_frame)

cdef int set_reply(fn_framing *how, fn_line_end end, bint free_lines, size_t max_line, size_t max_frame) noexcept:
    return c.fn_framing_reply(how, end, free_lines, max_line, max_frame)

cdef int set_counted(fn_framing *how, fn_line_end end, const fn_framing_word *words, size_t count, bint ignore_case,
                     size_t max_line, size_t max_frame) noexcept:
    return c.fn_framing_counted(how, end, words, count, ignore_case, max_line, max_frame)

cdef int set_literals(fn_framing *how, size_t max_line, size_t max_frame) noexcept:
    return c.fn_framing_literals(how, max_line, max_frame)

cdef int set_telnet(fn_framing *how, size_t max_frame) noexcept:
    return c.fn_framing_telnet(how, max_frame)

cdef int split_counted(const fn_framing *how, const char *frame, size_t n, fn_frame *line, fn_frame *body) noexcept:
    return c.fn_framing_split_counted(how, frame, n, line, body)

cdef int split_literals(const char *frame, size_t n, size_t *at, fn_frame *text, fn_frame *literal) noexcept:
    return c.fn_framing_split_literals(frame, n, at, text, literal)


# --- descriptions ----------------------------------------------------------------------------------------------------

cdef size_t check_limit(str option, object value, size_t least=0) except? 0:
    cdef size_t most = c.FN_FRAMING_LIMIT_MAX // 8
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(option, value, f"a number of bytes from {least} to {most}")
    return value


cdef class Framing:
    """How frames stand in a stream; never changes, equals any other with the same options. Base of all framings."""

    __class_getitem__ = classmethod(types.GenericAlias)
    _options = ()

    def __cinit__(self):
        memset(&self.how, 0, sizeof(self.how))

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        return PyBytes_FromStringAndSize(p, n)

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        raise TypeError(f"{type(self).__name__} is no framing by itself")

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        raise TypeError(f"{type(self).__name__} is no framing by itself")

    cdef bytes proven(self, bytes wire, object frame):
        cdef fn_framing_state state
        cdef fn_frame found
        cdef size_t count, n = PyBytes_GET_SIZE(wire)
        memset(&state, 0, sizeof(state))
        if (scan(&self.how, &state, PyBytes_AS_STRING(wire), n, &found, 1, &count) != <Py_ssize_t>n
                or self.unwrap(PyBytes_AS_STRING(wire) + found.start, found.end - found.start) != frame):
            raise ValueError(f"{frame!r:.200} cannot be sent: a receiver with the same options would not read it as that")
        return wire

    def decoder(self, frames="bytes"):
        return Decoder(self, frames)

    def encode(self, frame, /):
        return self.encode_many((frame,))

    def encode_many(self, frames, /):
        cdef list items = [item if PyBytes_CheckExact(item) else bytes(memoryview(item)) for item in frames]
        cdef Py_ssize_t size = 0, used
        cdef char *begin
        cdef char *at
        for item in items:
            size += self.encoded_size(PyBytes_AS_STRING(item), PyBytes_GET_SIZE(item))
        out = PyBytes_FromStringAndSize(NULL, size)
        begin = at = PyBytes_AS_STRING(out)
        for item in items:
            at = self.write(at, PyBytes_AS_STRING(item), PyBytes_GET_SIZE(item))
        used = at - begin
        return out if used == size else out[:used]

    def _values(self):
        return {name: getattr(self, name) for name in self._options}

    def __repr__(self):
        return f"{type(self).__name__}({', '.join([f'{name}={value!r}' for name, value in self._values().items()])})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return self._values() == (<Framing>other)._values()

    def __hash__(self):
        return hash((type(self), *[repr(value) for value in self._values().values()]))

    def __reduce__(self):
        return functools.partial(type(self), **self._values()), ()


cdef class ByteFraming(Framing):
    """A framing whose frames are bytes of the stream as they stand there, so that views and offsets can be had."""

    def __cinit__(self):
        self.is_plain = self.is_bytes = True


# --- decoding --------------------------------------------------------------------------------------------------------

@cython.final
cdef class Decoder:
    """One stream's decoder."""

    __class_getitem__ = classmethod(types.GenericAlias)

    def __cinit__(self, Framing framing not None, frames="bytes"):
        if type(framing) is Framing or type(framing) is ByteFraming:
            raise TypeError(f"{type(framing).__name__} is no framing by itself")
        modes = ("bytes", "views", "offsets") if framing.is_plain else ("bytes",)
        if frames not in modes:
            raise ConfigError("frames", frames, " or ".join(map(repr, modes)))
        self.mode = modes.index(frames) if framing.is_plain else AS_UNWRAPPED
        self.framing = framing
        self.how = framing.how

    cdef int _take(self) except -1:
        if fn_take(&self.busy):
            raise RuntimeError("this decoder is in use already; let each thread have its own")
        if self.failure is not None:
            fn_give(&self.busy)
            raise self.failure[0](*self.failure[1])
        return 0

    def feed(self, data, /):
        cdef Py_buffer view
        self._take()
        try:
            self.lent = 0
            if PyBytes_CheckExact(data):
                return self._run(data, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                return self._run(None, <const char *>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        finally:
            fn_give(&self.busy)

    def get_buffer(self, Py_ssize_t hint=-1, /):
        cdef Room room = Room.__new__(Room)
        self._take()
        try:
            self._reserve(hint if hint > 0 else KEEP_BYTES)
            self.lent = self.block.size - self.end
            room.block, room.start = self.block, self.end
            return PyMemoryView_FromObject(room)
        finally:
            fn_give(&self.busy)

    def feed_into(self, Py_ssize_t nbytes, /):
        self._take()
        try:
            if not 0 <= nbytes <= <Py_ssize_t>self.lent:
                raise ValueError(f"{nbytes} bytes cannot have been received: get_buffer() lent {self.lent}")
            self.lent = 0
            self.end += nbytes
            return self._run(None, NULL, 0)
        finally:
            fn_give(&self.busy)

    def eof(self):
        cdef size_t received
        self._take()
        received = self.end - self.begin
        needed = self.state.needed if self.state.needed > received else None
        fn_give(&self.busy)
        if received:
            raise IncompleteFrame(received, needed)

    @property
    def pending(self):
        return self.end - self.begin

    @property
    def awaits_literal(self):
        return self.state.waits != 0

    @property
    def error(self):
        with cython.critical_section(self):
            failure = self.failure
        return None if failure is None else failure[0](*failure[1])

    def __repr__(self):
        return f"<decoder of {self.framing!r}, {self.pending} bytes of an unfinished frame>"

    cdef object _run(self, bytes owner, const char *p, size_t n):
        """The frames that end in these bytes, or in the block when there are none."""
        cdef object out = Spans.__new__(Spans) if self.mode == AS_OFFSETS else []
        try:
            if p == NULL:
                self._scan_block(out)
            else:
                self._collect(out, owner, p, n)
        except BaseException as error:
            # Bytes may be lost: there is no going on from here.
            self._end(type(error), error.args)
            raise
        if self.failure is not None and len(out) == 0:
            raise self.failure[0](*self.failure[1])
        return out

    cdef int _collect(self, object out, bytes owner, const char *p, size_t n) except -1:
        cdef size_t at = 0
        # Views last, so what they look into must not change; and offsets are into one place.
        if (owner is None and self.mode in (AS_VIEWS, AS_OFFSETS)) or (
                self.mode == AS_OFFSETS and self.end > self.begin):
            self._append(p, n)
            self._scan_block(out)
            return 0
        if self.end > self.begin:
            at = self._complete(out, p, n)
        if at < n and self.failure is None:
            at += self._scan(out, owner, p + at, n - at, at)
            if at < n and self.failure is None:
                self._append(p + at, n - at)
        return 0

    cdef Py_ssize_t _complete(self, object out, const char *p, size_t n) except -1:
        """Join as many bytes to the unfinished frame as complete it; what else was joined is looked at where it came
        from. Returns the bytes of p that are dealt with."""
        cdef size_t before = self.end - self.begin, taken = 0, wanted, taste = FIRST_TASTE, count
        cdef Py_ssize_t consumed
        cdef fn_frame frame
        cdef Block block
        while taken < n:
            wanted = before + taken
            wanted = self.state.needed - wanted if self.state.needed > wanted else taste
            wanted = min(wanted, n - taken)
            taste *= 4
            self._append(p + taken, wanted)
            taken += wanted
            consumed = scan(&self.how, &self.state, self.block.memory + self.begin, self.end - self.begin, &frame, 1,
                            &count)
            if count:
                block = self.block        # a failure lets go of it
                self._emit(out, block, block.memory + self.begin, self.begin, &frame, 1)
                if self.failure is None:
                    self.begin = self.end
                    self._emptied()
                return consumed - before
            if self.state.error:
                self._fail()
                return n
        return n

    cdef int _scan_block(self, object out) except -1:
        cdef Block block
        cdef Py_ssize_t consumed
        if self.begin == self.end or self.end - self.begin < self.state.needed:
            return 0
        block = self.block        # a failure lets go of it
        consumed = self._scan(out, block, block.memory + self.begin, self.end - self.begin, self.begin)
        if self.failure is None:
            self.begin += consumed
            if self.begin == self.end:
                self._emptied()
        return 0

    cdef Py_ssize_t _scan(self, object out, object owner, const char *p, size_t n, size_t shift) except -1:
        """Emit all frames of p[0:n], which stands at `shift` in what `owner` holds; returns the bytes consumed."""
        cdef fn_frame frames[BATCH]
        cdef size_t at = 0, count
        cdef Py_ssize_t consumed
        while self.failure is None:
            consumed = scan(&self.how, &self.state, p + at, n - at, frames, BATCH, &count)
            if count:
                self._emit(out, owner, p + at, shift + at, frames, count)
                at += consumed
            if self.state.error and self.failure is None:
                self._fail()
            if count < BATCH:
                break
        return at

    cdef int _emit(self, object out, object owner, const char *p, size_t shift, const fn_frame *frames,
                   size_t count) except -1:
        cdef size_t i
        cdef list frame_list
        cdef Py_buffer *bounds
        if self.mode == AS_OFFSETS:
            if (<Spans>out).count == 0:
                (<Spans>out).data = owner if PyBytes_CheckExact(owner) else PyMemoryView_FromObject(owner)
            return (<Spans>out).extend(frames, count, shift)
        frame_list = <list>out
        if self.mode == AS_BYTES:
            for i in range(count):
                frame_list.append(PyBytes_FromStringAndSize(p + frames[i].start, frames[i].end - frames[i].start))
        elif self.mode == AS_VIEWS:
            whole = PyMemoryView_FromObject(owner)
            for i in range(count):
                # What slicing does, for half the time: another view of the same memory, and its own bounds in it.
                view = PyMemoryView_FromObject(whole)
                bounds = PyMemoryView_GET_BUFFER(view)
                bounds.buf = <char *>bounds.buf + shift + frames[i].start
                bounds.len = bounds.shape[0] = frames[i].end - frames[i].start
                frame_list.append(view)
        else:
            for i in range(count):
                try:
                    frame = self.framing.unwrap(p + frames[i].start, frames[i].end - frames[i].start)
                except ProtocolError as error:
                    return self._end(type(error), error.args)
                if frame is not None:
                    frame_list.append(frame)
        return 0

    cdef int _fail(self) except -1:
        """What the scan found wrong, as the error of this decoder."""
        if self.state.error != c.FN_FRAMING_TOO_LONG:
            return self._end(ProtocolError, (c.fn_framing_error_text(self.state.error).decode("ascii"), 400))
        limit = f"the limit is {self.how.max_frame}"
        if self.state.announced:
            return self._end(LimitExceeded, (f"a frame of {self.state.announced} bytes is announced; {limit}", 413))
        return self._end(LimitExceeded, (f"a frame, or a line of it, is longer than its limit; {limit}", 413))

    cdef int _end(self, object kind, tuple arguments) except -1:
        with cython.critical_section(self):
            self.failure = (kind, arguments)
        self.block = None
        self.begin = self.end = self.lent = 0
        return 0

    # --- the block

    cdef int _append(self, const char *p, size_t n) except -1:
        if n:
            self._reserve(n)
            memcpy(self.block.memory + self.end, p, n)
            self.end += n
        return 0

    cdef int _reserve(self, size_t n) except -1:
        """Make room for n bytes behind the unfinished frame."""
        cdef size_t have = self.end - self.begin, size = have + n
        cdef Block block
        if self.block is not None:
            if self.block.size - self.end >= n:
                return 0
            if self.block.size >= size and fn_load(&self.block.exports) == 0:
                memmove(self.block.memory, self.block.memory + self.begin, have)
                self.begin, self.end = 0, have
                return 0
        # At least doubled, so that the copies stay few; never far beyond what has come.
        size = max(size, 2 * have, FIRST_BYTES)
        if self.state.needed > size:
            size = min(self.state.needed, 2 * size)
        block = Block.__new__(Block, size)
        if have:
            memcpy(block.memory, self.block.memory + self.begin, have)
        self.block, self.begin, self.end = block, 0, have
        return 0

    cdef int _emptied(self) except -1:
        if fn_load(&self.block.exports):
            if self.end == self.block.size:
                self.block = None
                self.begin = self.end = 0
        else:
            if self.block.size > KEEP_BYTES:
                self.block = None
            self.begin = self.end = 0
        return 0
