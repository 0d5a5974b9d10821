"""A cache that speaks memcached's protocol: each request of a connection answered from a Store, where it lies.

Semantics are memcached's, down to a decremented number that keeps its length. What differs is on the safe side: a
storage command whose length cannot be read, or whose data do not end where they should, ends the connection, because
what follows could be data taken for commands; so does what a browser sends. `service()` is what a server serves; all
its connections, of all threads of a process, share one store.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, strlen

from fastnet.apps.memcache_meta cimport answer_meta
from fastnet.apps.memcache_store cimport (ADD, APPEND, EXISTS, NO_ROOM, NOT_FOUND, NOT_NUMERIC, NOT_STORED, PREPEND,
                                          REPLACE, SET, STORED, Item, Mode, Store, Stored)
from fastnet.codecs cimport cmemcache as c
from fastnet.codecs.cmemcache cimport fn_memcache_request
from fastnet.codecs.memcache cimport error_text, next_word, write_number
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.memcache cimport ServerConnection

from fastnet._version import __version__


@cython.final
cdef class CacheConnection(ServerConnection):
    """A connection whose requests a store answers."""

    def __init__(self, Store store not None, **options):
        super().__init__(max_value_bytes=store.max_value_bytes, **options)
        self.store = store

    cpdef connection_made(self):
        ServerConnection.connection_made(self)
        with cython.critical_section(self.store):
            self.store.connections += 1
            self.store.counters.total_connections += 1

    cpdef connection_lost(self, error):
        with cython.critical_section(self.store):
            self.store.connections -= 1

    cdef bint answer(self, const char *message, const fn_memcache_request *request) except -1:
        cdef Py_ssize_t before = self.out.used
        cdef bint quiet = request.noreply
        with cython.critical_section(self.store):
            self._answer(message, request)
        if quiet:
            self.out.rewind(before)      # such an answer is a line, which is in the block
        return True

    cdef int _answer(self, const char *message, const fn_memcache_request *request) except -1:
        cdef const char *text
        cdef int verb = request.verb
        cdef double now
        if request.error:
            if request.error == c.FN_MEMCACHE_TOO_LARGE and verb == c.FN_MEMCACHE_SET:
                self._delete(PyBytes_FromStringAndSize(message + request.key, request.key_len))
            text = error_text(request.error)
            self.out.append(text, strlen(text))
            return self.out.append(b"\r\n", 2)
        if verb <= c.FN_MEMCACHE_GATS:
            return self._get(message, request)
        if verb <= c.FN_MEMCACHE_CAS:
            return self._store(message, request)
        if verb == c.FN_MEMCACHE_DELETE:
            if self._delete(PyBytes_FromStringAndSize(message + request.key, request.key_len)):
                self.store.counters.delete_hits += 1
                return self._say(b"DELETED\r\n")
            self.store.counters.delete_misses += 1
            return self._say(b"NOT_FOUND\r\n")
        if verb == c.FN_MEMCACHE_INCR or verb == c.FN_MEMCACHE_DECR:
            return self._count(message, request)
        if verb == c.FN_MEMCACHE_TOUCH:
            return self._touch(message, request)
        if verb == c.FN_MEMCACHE_META_NOOP:
            return self._say(b"MN\r\n")
        if verb >= c.FN_MEMCACHE_META_GET:
            return answer_meta(self.store, self.out, message, request)
        if verb == c.FN_MEMCACHE_STATS:
            return self._stats(message, request)
        if verb == c.FN_MEMCACHE_FLUSH_ALL:
            now = self.store.now()
            self.store.flush(self.store.deadline(request.exptime, now) if request.exptime > 0 else now, now)
            return self._say(b"OK\r\n")
        if verb == c.FN_MEMCACHE_VERSION:
            return self._say(b"VERSION fastnet-%s\r\n" % __version__.encode())
        return self._say(b"OK\r\n")              # verbosity: how much is logged is the server's affair

    cdef int _say(self, bytes line) except -1:
        return self.out.append(PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line))

    cdef int _get(self, const char *message, const fn_memcache_request *request) except -1:
        cdef Store store = self.store
        cdef OutBuffer out = self.out
        cdef double now = store.now()
        cdef bint touches = request.verb >= c.FN_MEMCACHE_GAT
        cdef bint with_cas = request.verb == c.FN_MEMCACHE_GETS or request.verb == c.FN_MEMCACHE_GATS
        cdef size_t at = request.more, key = request.key, n = request.key_len
        cdef Item item
        cdef Py_ssize_t size
        cdef char *begin
        cdef char *to
        while n:
            store.counters.cmd_get += 1
            item = store.find(PyBytes_FromStringAndSize(message + key, n), now)
            if touches:
                store.counters.cmd_touch += 1
            if item is None:
                store.counters.get_misses += 1
                store.counters.touch_misses += touches
            else:
                store.counters.get_hits += 1
                store.read(item, now)
                if touches:
                    store.counters.touch_hits += 1
                    item.expires = store.deadline(request.exptime, now)
                size = PyBytes_GET_SIZE(item.value)
                begin = to = out.reserve(n + 80)
                memcpy(to, b"VALUE ", 6)
                memcpy(to + 6, message + key, n)
                to += 6 + n
                to[0] = b" "
                to += 1 + write_number(to + 1, item.client_flags)
                to[0] = b" "
                to += 1 + write_number(to + 1, size)
                if with_cas:
                    to[0] = b" "
                    to += 1 + write_number(to + 1, item.cas)
                memcpy(to, b"\r\n", 2)
                out.commit(to + 2 - begin)
                out.append_bytes(item.value)
                out.append(b"\r\n", 2)
            n = next_word(message, &at, request.line_end, &key)
        return out.append(b"END\r\n", 5)

    cdef int _store(self, const char *message, const fn_memcache_request *request) except -1:
        cdef Store store = self.store
        cdef double now = store.now()
        cdef int verb = request.verb
        cdef Mode mode = SET
        cdef Stored done
        if verb == c.FN_MEMCACHE_ADD:
            mode = ADD
        elif verb == c.FN_MEMCACHE_REPLACE:
            mode = REPLACE
        elif verb == c.FN_MEMCACHE_APPEND:
            mode = APPEND
        elif verb == c.FN_MEMCACHE_PREPEND:
            mode = PREPEND
        store.counters.cmd_set += 1
        done = store.put(mode, PyBytes_FromStringAndSize(message + request.key, request.key_len),
                         PyBytes_FromStringAndSize(message + request.value, request.value_len), request.client_flags,
                         store.deadline(request.exptime, now), now, request.number, verb == c.FN_MEMCACHE_CAS)
        if done == STORED:
            return self._say(b"STORED\r\n")
        if done == NOT_STORED:
            return self._say(b"NOT_STORED\r\n")
        if done == EXISTS:
            return self._say(b"EXISTS\r\n")
        if done == NOT_FOUND:
            return self._say(b"NOT_FOUND\r\n")
        return self._say(b"SERVER_ERROR object too large for cache\r\n")

    cdef int _delete(self, bytes key) except -1:
        cdef Item item = self.store.find(key, self.store.now())
        if item is None:
            return 0
        self.store.drop(item)
        return 1

    cdef int _count(self, const char *message, const fn_memcache_request *request) except -1:
        cdef Store store = self.store
        cdef bint down = request.verb == c.FN_MEMCACHE_DECR
        cdef Item item = store.find(PyBytes_FromStringAndSize(message + request.key, request.key_len), store.now())
        cdef uint64_t result
        cdef Stored done
        cdef size_t n
        cdef char *to
        if item is None:
            if down:
                store.counters.decr_misses += 1
            else:
                store.counters.incr_misses += 1
            return self._say(b"NOT_FOUND\r\n")
        done = store.add_number(item, request.number, down, &result)
        if done == NOT_NUMERIC:
            return self._say(b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")
        if done == NO_ROOM:
            return self._say(b"SERVER_ERROR out of memory in incr\r\n")
        if down:
            store.counters.decr_hits += 1
        else:
            store.counters.incr_hits += 1
        to = self.out.reserve(24)
        n = write_number(to, result)
        memcpy(to + n, b"\r\n", 2)
        self.out.commit(n + 2)
        return 0

    cdef int _touch(self, const char *message, const fn_memcache_request *request) except -1:
        cdef Store store = self.store
        cdef double now = store.now()
        cdef Item item = store.find(PyBytes_FromStringAndSize(message + request.key, request.key_len), now)
        store.counters.cmd_touch += 1
        if item is None:
            store.counters.touch_misses += 1
            return self._say(b"NOT_FOUND\r\n")
        store.counters.touch_hits += 1
        item.expires = store.deadline(request.exptime, now)
        store.read(item, now)
        return self._say(b"TOUCHED\r\n")

    cdef int _stats(self, const char *message, const fn_memcache_request *request) except -1:
        cdef bytes what = PyBytes_FromStringAndSize(message + request.more, request.line_end - request.more).strip()
        if what == b"reset":
            self.store.reset_stats()
            return self._say(b"RESET\r\n")
        if not what:
            for name, value in [*self.store.stats().items(), ("version", f"fastnet-{__version__}")]:
                self._say(f"STAT {name} {value}\r\n".encode())
        elif what == b"settings":
            self._say(b"STAT maxbytes %d\r\nSTAT item_size_max %d\r\n" % (self.store.max_bytes,
                                                                           self.store.max_value_bytes))
        elif what not in (b"items", b"slabs", b"sizes", b"conns"):
            return self._say(b"ERROR\r\n")
        return self._say(b"END\r\n")             # of what there is not, nothing is told
