"""memcached's text protocol, classic and meta commands, both roles: bytes to messages and messages to bytes.

A decoder keeps what is not whole yet, in a buffer that grows as bytes come, not as they are announced. Wrong requests
whose extent is known are messages, too, with the `error` to answer; what cannot be trusted any more ends the stream:
the messages before it are returned first, then ProtocolError or LimitExceeded is raised, and by every later call. An
item over its limit is passed over without being kept. One thread at a time may use a decoder.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memmove

from fastnet.codecs cimport cmemcache as c
from fastnet.codecs.cmemcache cimport fn_memcache_reply, fn_memcache_request
from fastnet.codecs.framing_memory cimport fn_give, fn_take

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *n) except NULL

from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError

MAX_KEY_BYTES = 250              # memcached's own
MAX_VALUE_BYTES = 1 << 20        # memcached's default for an item
MAX_LINE_BYTES = 65536           # a get of 250 keys of 250 bytes
VERBS = ("", "get", "gets", "gat", "gats", "set", "add", "replace", "append", "prepend", "cas", "delete", "incr",
         "decr", "touch", "stats", "flush_all", "version", "verbosity", "quit", "mg", "ms", "md", "ma", "mn", "me")
KINDS = ("", "VALUE", "END", "STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "OK", "RESET",
         "NUMBER", "STAT", "VERSION", "ERROR", "CLIENT_ERROR", "SERVER_ERROR", "HD", "VA", "EN", "NS", "EX", "NF",
         "MN", "ME")

cdef enum:
    FIRST_ROOM = 512
    MOST = 0x7FFFFFFF - 2


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef size_t next_word(const char *buf, size_t *at, size_t end, size_t *word) noexcept nogil:
    return c.fn_memcache_next(buf, at, end, word)

cdef bint read_number(const char *word, size_t n, uint64_t *number) noexcept nogil:
    return c.fn_memcache_number(word, n, number)

cdef bint read_signed(const char *word, size_t n, int64_t *number) noexcept nogil:
    return c.fn_memcache_signed(word, n, number)

cdef size_t write_number(char *out, uint64_t number) noexcept nogil:
    cdef char digits[20]
    cdef size_t n = 0, i
    while True:
        digits[n] = <char>(48 + number % 10)
        n += 1
        number //= 10
        if number == 0:
            break
    for i in range(n):
        out[i] = digits[n - 1 - i]
    return n

cdef const char *error_text(int error) noexcept nogil:
    return c.fn_memcache_error_text(error)

cdef bytes checked_key(object key):
    cdef bytes raw
    if type(key) is bytes:
        raw = key
    else:
        raw = key.encode() if isinstance(key, str) else bytes(key)
    if not c.fn_memcache_is_key(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), c.FN_MEMCACHE_KEY_MAX):
        raise ValueError(f"{key!r:.300}: a key has 1 to {c.FN_MEMCACHE_KEY_MAX} bytes, no space, no control character")
    return raw

cdef const char *key_bytes(object key, Py_ssize_t *n) except NULL:
    if type(key) is str:
        return PyUnicode_AsUTF8AndSize(key, n)
    if type(key) is not bytes:
        raise TypeError(f"a key is str or bytes, not {type(key).__name__}")
    n[0] = PyBytes_GET_SIZE(key)
    return PyBytes_AS_STRING(key)

cdef bytes encode_keys(bytes head, list keys):
    cdef Py_ssize_t size = PyBytes_GET_SIZE(head) + 2, n
    cdef const char *p
    cdef char *to
    for key in keys:
        p = key_bytes(key, &n)
        if not c.fn_memcache_is_key(p, n, c.FN_MEMCACHE_KEY_MAX):
            checked_key(key)
        size += n + 1
    line = PyBytes_FromStringAndSize(NULL, size)
    to = PyBytes_AS_STRING(line)
    memcpy(to, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head))
    to += PyBytes_GET_SIZE(head)
    for key in keys:
        p = key_bytes(key, &n)
        to[0] = b" "
        memcpy(to + 1, p, n)
        to += n + 1
    memcpy(to, b"\r\n", 2)
    return line


# --- messages --------------------------------------------------------------------------------------------------------

cdef tuple words_of(const char *p, size_t at, size_t end):
    cdef size_t n, word
    cdef list words = []
    while True:
        n = c.fn_memcache_next(p, &at, end, &word)
        if n == 0:
            return tuple(words)
        words.append(PyBytes_FromStringAndSize(p + word, n))


@cython.final
cdef class Request:
    """What a client asks for."""

    @property
    def key(self):
        return self.keys[0] if self.keys else b""

    def __repr__(self):
        size = "" if self.value is None else f", {len(self.value)} bytes"
        wrong = f", {self.error}" if self.error else ""
        return f"<{self.verb or 'unknown'} {b' '.join(self.keys)!r:.60}{size}{wrong}>"


cdef Request request_of(const char *p, const fn_memcache_request *r):
    cdef Request request = Request.__new__(Request)
    cdef bint reads = c.FN_MEMCACHE_GET <= r.verb <= c.FN_MEMCACHE_GATS
    request.verb = VERBS[r.verb]
    request.noreply = r.noreply
    request.client_flags, request.exptime, request.number = r.client_flags, r.exptime, r.number
    request.error = c.fn_memcache_error_text(r.error).decode("ascii") if r.error else ""
    request.keys = (PyBytes_FromStringAndSize(p + r.key, r.key_len),) if r.key_len else ()
    request.words = words_of(p, r.more, r.line_end)
    if reads:
        request.keys, request.words = request.keys + request.words, ()
    if r.value:
        request.value = PyBytes_FromStringAndSize(p + r.value, r.value_len)
    return request


@cython.final
cdef class Reply:
    """One line, or one value, of what a server answers."""

    @property
    def words(self):
        return tuple(self.text.split())

    def __repr__(self):
        size = "" if self.value is None else f" {len(self.value)} bytes"
        return f"<{self.kind} {self.key!r:.60}{size} {self.text!r:.60}>"


cdef Reply reply_of(const char *p, const fn_memcache_reply *r):
    cdef Reply reply = Reply.__new__(Reply)
    reply.kind = KINDS[r.kind]
    reply.key = PyBytes_FromStringAndSize(p + r.key, r.key_len)
    reply.client_flags = r.client_flags
    reply.number = r.number if r.has_number else None
    reply.text = b"" if r.kind == c.FN_MEMCACHE_VALUE else PyBytes_FromStringAndSize(p + r.more, r.line_end - r.more)
    if r.value:
        reply.value = PyBytes_FromStringAndSize(p + r.value, r.value_len)
    return reply


# --- decoders --------------------------------------------------------------------------------------------------------

cdef class Decoder:
    """What both directions share."""

    def __init__(self, *, max_key_bytes=MAX_KEY_BYTES, max_value_bytes=MAX_VALUE_BYTES, max_line_bytes=MAX_LINE_BYTES):
        for option, value, least, most in (("max_key_bytes", max_key_bytes, 1, MOST),
                                           ("max_value_bytes", max_value_bytes, 0, MOST),
                                           ("max_line_bytes", max_line_bytes, 16, MOST)):
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise ConfigError(option, value, f"a number of bytes from {least} to {most}")
        self.limits.max_key, self.limits.max_value = max_key_bytes, max_value_bytes
        self.limits.max_line = max_line_bytes

    def __dealloc__(self):
        PyMem_Free(self.kept)

    cdef bint _is_kept(self) noexcept nogil:
        return self.kept != NULL and self.kept <= self.cur <= self.kept + self.room

    cdef int put(self, const char *p, size_t n) except -1:
        if self.left == 0:
            self.cur, self.left = p, n
            return 0
        self._keep(n)
        memcpy(<char *>self.cur + self.left, p, n)
        self.left += n
        return 0

    cdef int _keep(self, size_t more) except -1:
        """Have what is not read yet in a buffer of one's own, with room for `more` bytes behind it."""
        cdef size_t room = self.left + more
        cdef char *kept
        if self._is_kept() and self.room - (self.cur - self.kept) >= room:
            return 0
        if self.room >= room:
            memmove(self.kept, self.cur, self.left)
        else:
            # Doubled, so that the copies stay few; never far beyond what has come.
            room = max(2 * self.left, room, <size_t>FIRST_ROOM)
            kept = <char *>PyMem_Malloc(room)
            if kept == NULL:
                raise MemoryError(f"no memory for {room} bytes of input")
            memcpy(kept, self.cur, self.left)
            PyMem_Free(self.kept)
            self.kept, self.room = kept, room
        self.cur = self.kept
        return 0

    cdef int settle(self) except -1:
        """Keep what was lent and is not read yet, for the lender wants it back. An idle stream has no buffer."""
        if self.left:
            if not self._is_kept():
                self._keep(0)
        elif self.kept != NULL:
            PyMem_Free(self.kept)
            self.kept, self.room = NULL, 0
        return 0

    cdef list _collect(self):
        raise NotImplementedError()

    cdef object _feed(self, object data):
        cdef Py_buffer view
        if fn_take(&self.busy):
            raise RuntimeError("this decoder is in use already; let each thread have its own")
        try:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                if self.fatal:
                    raise self._error()
                self.put(<const char *>view.buf, view.len)
                found = self._collect()
                if self.fatal:
                    self.left = 0
                self.settle()
            finally:
                PyBuffer_Release(&view)
        finally:
            fn_give(&self.busy)
        if self.fatal and not found:
            raise self._error()
        return found

    def _error(self):
        text = c.fn_memcache_error_text(self.fatal).decode("ascii").removeprefix("CLIENT_ERROR ")
        if self.fatal in (c.FN_MEMCACHE_LINE_TOO_LONG, c.FN_MEMCACHE_VALUE_TOO_LARGE):
            return LimitExceeded(text, 413)
        return ProtocolError(text, 400)

    @property
    def pending(self):
        return self.left

    @property
    def error(self):
        return self._error() if self.fatal else None

    def eof(self):
        if self.fatal:
            raise self._error()
        if self.left:
            raise IncompleteFrame(self.left, self.state.needed or None)


@cython.final
cdef class RequestDecoder(Decoder):
    """A server's: bytes to requests."""

    cdef int next(self, fn_memcache_request *request) noexcept nogil:
        cdef Py_ssize_t n
        while self.left:
            n = c.fn_memcache_parse_request(request, &self.state, &self.limits, self.cur, self.left)
            if n < 0:
                if n == -1:
                    return 0
                self.fatal = request.error
                return -1
            self.message = self.cur
            self.cur += n
            self.left -= n
            if request.verb or request.error:
                return 1
        return 0

    cdef list _collect(self):
        cdef fn_memcache_request request
        cdef list found = []
        while self.next(&request) > 0:
            found.append(request_of(self.message, &request))
        return found

    def feed(self, data, /):
        return self._feed(data)


@cython.final
cdef class ReplyDecoder(Decoder):
    """A client's: bytes to replies."""

    cdef int next(self, fn_memcache_reply *reply) noexcept nogil:
        cdef Py_ssize_t n
        if self.left == 0:
            return 0
        n = c.fn_memcache_parse_reply(reply, &self.state, &self.limits, self.cur, self.left)
        if n < 0:
            if n == -1:
                return 0
            self.fatal = reply.error
            return -1
        self.message = self.cur
        self.cur += n
        self.left -= n
        return 1

    cdef list _collect(self):
        cdef fn_memcache_reply reply
        cdef list found = []
        while self.next(&reply) > 0:
            found.append(reply_of(self.message, &reply))
        return found

    def feed(self, data, /):
        return self._feed(data)


# --- encoding --------------------------------------------------------------------------------------------------------

cdef int check_words(words) except -1:
    for word in words:
        if not word or not word.isascii() or any([byte <= 32 or byte == 127 for byte in word]):
            raise ValueError(f"{word!r:.100}: a word of a command is ASCII without spaces and control characters")
    return 0


def encode_get(keys, verb="get", exptime=0):
    """A request for the values of all `keys`."""
    if verb not in ("get", "gets", "gat", "gats"):
        raise ValueError(f"{verb!r:.50}: get, gets, gat or gats reads keys")
    cdef list some = list(keys)
    if not some:
        raise ValueError("no key to read")
    return encode_keys(b"%b %d" % (verb.encode(), exptime) if verb[1] == "a" else verb.encode(), some)


def encode_store(verb, key, value, client_flags=0, exptime=0, cas=None, noreply=False):
    """A request to store `value`."""
    if verb not in ("set", "add", "replace", "append", "prepend", "cas") or (verb == "cas") != (cas is not None):
        raise ValueError(f"{verb!r:.50}: set, add, replace, append, prepend, or cas with a cas unique, stores a value")
    if not 0 <= client_flags < 1 << 32:
        raise ValueError(f"client_flags is {client_flags!r:.50}: a number of 32 bits")
    unique = b" %d" % cas if cas is not None else b""
    return b"%b %b %d %d %d%b%b\r\n%b\r\n" % (verb.encode(), checked_key(key), client_flags, exptime, len(value),
                                              unique, b" noreply" if noreply else b"", value)


def encode_command(verb, *words, noreply=False):
    """A request of words only: delete, incr, decr, touch, stats, flush_all, version, verbosity, quit."""
    if verb not in ("delete", "incr", "decr", "touch", "stats", "flush_all", "version", "verbosity", "quit"):
        raise ValueError(f"{verb!r:.50} is no command of words only")
    cdef list line = [verb.encode()]
    takes_key = verb in ("delete", "incr", "decr", "touch")
    for i, word in enumerate(words):
        if takes_key and i == 0:
            line.append(checked_key(word))
        else:
            if isinstance(word, int):
                word = b"%d" % word
            elif isinstance(word, str):
                word = word.encode()
            check_words((word,))
            line.append(word)
    if noreply:
        line.append(b"noreply")
    return b" ".join(line) + b"\r\n"


def encode_meta(verb, key=b"", flags=(), value=None):
    """A meta request; `flags` are bytes, each with its token."""
    if verb not in ("mg", "ms", "md", "ma", "mn", "me") or (verb == "ms") != (value is not None):
        raise ValueError(f"{verb!r:.50}: mg, md, ma, mn, me, or ms with a value, is a meta command")
    check_words(flags)
    cdef list line = [verb.encode()]
    if verb != "mn":
        line.append(checked_key(key))
    if value is not None:
        line.append(b"%d" % len(value))
    line.extend(flags)
    head = b" ".join(line)
    return head + b"\r\n" if value is None else b"%b\r\n%b\r\n" % (head, value)


def encode_value(key, value, client_flags=0, cas=None):
    """VALUE, with its data: one hit of get."""
    unique = b"" if cas is None else b" %d" % cas
    return b"VALUE %b %d %d%b\r\n%b\r\n" % (checked_key(key), client_flags, len(value), unique, value)


def encode_meta_value(value, flags=()):
    """VA, with its data: a hit of mg with the flag v."""
    check_words(flags)
    return b"%b\r\n%b\r\n" % (b" ".join([b"VA %d" % len(value), *flags]), value)
