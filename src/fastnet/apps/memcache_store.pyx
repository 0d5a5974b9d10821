"""What a cache holds: items by key, within a budget of bytes, the least recently used given up first.

The budget counts what items really take in this process: key, value, the objects around them and their place in the
table. An item that has expired is not there any more; its memory is taken back when it is asked for or when room is
needed. Time is the store's own clock, monotonic, so that setting the machine's clock expires nothing; only times
given since 1970 are compared with the calendar.

Commands have memcached's semantics. Under a free-threaded Python each is one critical section; where there is a GIL
nothing in a command lets another thread in.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, clockid_t, timespec

from fastnet.codecs.memcache cimport checked_key, read_number, write_number

from fastnet.errors import ConfigError

cdef enum:
    RELATIVE_MOST_S = 60 * 60 * 24 * 30     # a greater exptime is a time since 1970
    # Item 128, two bytes objects of 33 and what malloc adds 16, a place in the table 24 and its share of the empty ones
    # 56: measured, see the tests.
    ITEM_BYTES = 304
    LEAST_BYTES = 1 << 20


cdef double seconds(int which) noexcept:
    cdef timespec now
    clock_gettime(<clockid_t>which, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef size_t size_of(Py_ssize_t key, Py_ssize_t value) noexcept:
    return ITEM_BYTES + key + value


@cython.final
@cython.no_gc
cdef class Item:
    """One item. Internal to the store."""


@cython.final
cdef class Store:
    """The items of a cache, and what is told about them."""

    def __init__(self, max_bytes=64 << 20, *, max_value_bytes=1 << 20, clock=None):
        if not isinstance(max_bytes, int) or isinstance(max_bytes, bool) or not LEAST_BYTES <= max_bytes < 1 << 62:
            raise ConfigError("max_bytes", max_bytes, f"a number of bytes, at least {LEAST_BYTES}")
        if (not isinstance(max_value_bytes, int) or isinstance(max_value_bytes, bool)
                or not 1 <= max_value_bytes <= max_bytes // 2):
            raise ConfigError("max_value_bytes", max_value_bytes, f"a number of bytes from 1 to half of {max_bytes}")
        self.max_bytes, self.max_value_bytes, self.clock = max_bytes, max_value_bytes, clock
        self.items = {}
        self.flush_at = INFINITY
        self.started = self.now()

    def __len__(self):
        return len(self.items)

    # --- time

    cdef double now(self) except -1:
        return seconds(CLOCK_MONOTONIC) if self.clock is None else self.clock()

    cdef double deadline(self, int64_t exptime, double now) except *:
        if exptime == 0:
            return INFINITY
        if exptime < 0:
            return -INFINITY
        if exptime <= RELATIVE_MOST_S:
            return now + exptime
        return now + exptime - (seconds(CLOCK_REALTIME) if self.clock is None else now)

    cdef uint64_t next_cas(self) noexcept:
        self.last_cas += 1
        return self.last_cas

    # --- the order of use

    cdef void _link(self, Item item) noexcept:
        item.newer, item.older = NULL, self.newest
        if self.newest != NULL:
            (<Item>self.newest).newer = <PyObject *>item
        else:
            self.oldest = <PyObject *>item
        self.newest = <PyObject *>item

    cdef void _unlink(self, Item item) noexcept:
        if item.newer != NULL:
            (<Item>item.newer).older = item.older
        else:
            self.newest = item.older
        if item.older != NULL:
            (<Item>item.older).newer = item.newer
        else:
            self.oldest = item.newer

    cdef void read(self, Item item, double now) noexcept:
        item.fetched, item.read_at = True, now
        if self.newest != <PyObject *>item:
            self._unlink(item)
            self._link(item)

    # --- finding and keeping

    cdef Item find(self, bytes key, double now):
        cdef PyObject *found
        cdef Item item
        if now >= self.flush_at:
            self._clear()
        found = PyDict_GetItem(self.items, key)
        if found == NULL:
            return None
        item = <Item>found
        if item.expires > now:
            return item
        if not item.fetched:
            self.counters.expired_unfetched += 1
        self.drop(item)
        return None

    cdef int drop(self, Item item) except -1:
        self._unlink(item)
        self.used_bytes -= size_of(PyBytes_GET_SIZE(item.key), PyBytes_GET_SIZE(item.value))
        del self.items[item.key]
        return 0

    cdef bint _make_room(self, size_t size, Item spared, double now) except -1:
        """Give up the oldest items, but for `spared`, until `size` bytes more fit. False: they never will."""
        cdef Item oldest
        cdef PyObject *at = self.oldest
        if size > self.max_bytes:
            return False
        while self.used_bytes + size > self.max_bytes:
            oldest = <Item>at
            at = oldest.newer
            if oldest is spared:
                continue
            if oldest.expires <= now:
                self.counters.reclaimed += 1
            else:
                self.counters.evictions += 1
                if not oldest.fetched:
                    self.counters.evicted_unfetched += 1
            self.drop(oldest)
        return True

    cdef Item create(self, bytes key, bytes value, uint32_t client_flags, double expires, double now):
        """A new item where there is none of this key; None: it does not fit."""
        cdef size_t size = size_of(PyBytes_GET_SIZE(key), PyBytes_GET_SIZE(value))
        cdef Item item
        if not self._make_room(size, None, now):
            return None
        item = Item.__new__(Item)
        item.key, item.value, item.client_flags, item.expires = key, value, client_flags, expires
        item.read_at, item.cas = now, self.next_cas()
        self.items[key] = item
        self._link(item)
        self.used_bytes += size
        self.counters.total_items += 1
        return item

    cdef bint replace(self, Item item, bytes value) except -1:
        cdef Py_ssize_t more = PyBytes_GET_SIZE(value) - PyBytes_GET_SIZE(item.value)
        if more > 0 and (size_of(PyBytes_GET_SIZE(item.key), PyBytes_GET_SIZE(value)) > self.max_bytes
                         or not self._make_room(more, item, self.now())):
            return False
        self.used_bytes += more
        item.value, item.cas = value, self.next_cas()
        return True

    cdef Stored put(self, Mode mode, bytes key, bytes value, uint32_t client_flags, double expires, double now,
                    uint64_t cas_wanted=0, bint compare=False) except *:
        cdef Item item = self.find(key, now)
        if compare:
            if item is None:
                self.counters.cas_misses += 1
                return NOT_FOUND
            if item.cas != cas_wanted:
                self.counters.cas_badval += 1
                return EXISTS
            self.counters.cas_hits += 1
        if item is None:
            if mode != SET and mode != ADD:
                return NOT_STORED
            return NO_ROOM if self.create(key, value, client_flags, expires, now) is None else STORED
        if mode == ADD:
            self.read(item, now)             # as memcached does: who is wanted stays
            return NOT_STORED
        if mode == APPEND or mode == PREPEND:
            if PyBytes_GET_SIZE(item.value) + PyBytes_GET_SIZE(value) > <Py_ssize_t>self.max_value_bytes:
                return NO_ROOM
            value = item.value + value if mode == APPEND else value + item.value
        else:
            item.client_flags, item.expires = client_flags, expires
            item.fetched = item.stale = item.token_sent = False
        if not self.replace(item, value):
            self.drop(item)                  # an old value must not stand for a new one
            return NO_ROOM
        self.counters.total_items += 1
        if self.newest != <PyObject *>item:
            self._unlink(item)
            self._link(item)
        return STORED

    cdef Stored add_number(self, Item item, uint64_t delta, bint down, uint64_t *result) except *:
        """Decimal numbers of 64 bits: up goes around, down stops at 0. A value keeps its length, padded, on the way down."""
        cdef char digits[24]
        cdef uint64_t number
        cdef size_t n
        cdef Py_ssize_t had = PyBytes_GET_SIZE(item.value), digit_count = had
        while digit_count and PyBytes_AS_STRING(item.value)[digit_count - 1] == b" ":
            digit_count -= 1
        if digit_count > 20 or not read_number(PyBytes_AS_STRING(item.value), digit_count, &number):
            return NOT_NUMERIC
        if down:
            number = number - delta if number > delta else 0
        else:
            number += delta
        result[0] = number
        n = write_number(digits, number)
        while <Py_ssize_t>n < had and n < 20:
            digits[n] = b" "
            n += 1
        return STORED if self.replace(item, PyBytes_FromStringAndSize(digits, n)) else NO_ROOM

    cdef int _clear(self) except -1:
        self.flush_at = INFINITY
        self.newest = self.oldest = NULL
        self.used_bytes = 0
        self.items = {}
        return 0

    cdef int flush(self, double at, double now) except -1:
        """Let go of all items that are older than `at`: all there are now, or then."""
        self.counters.cmd_flush += 1
        if at <= now:
            return self._clear()
        self.flush_at = at
        return 0

    # --- for Python

    def get(self, key, default=None):
        cdef bytes raw = checked_key(key)
        cdef double now = self.now()
        cdef Item item
        with cython.critical_section(self):
            self.counters.cmd_get += 1
            item = self.find(raw, now)
            if item is None:
                self.counters.get_misses += 1
                return default
            self.counters.get_hits += 1
            self.read(item, now)
            return item.value

    def set(self, key, value, ttl_s=None):
        return self._set(SET, key, value, ttl_s)

    def add(self, key, value, ttl_s=None):
        return self._set(ADD, key, value, ttl_s)

    cdef object _set(self, Mode mode, object key, object value, object ttl_s):
        cdef bytes raw = checked_key(key), data = value if type(value) is bytes else bytes(memoryview(value))
        cdef double now = self.now(), expires = INFINITY if ttl_s is None else now + ttl_s
        if <size_t>len(data) > self.max_value_bytes:
            raise ValueError(f"{key!r:.300}: {len(data)} bytes are over the limit of {self.max_value_bytes}")
        with cython.critical_section(self):
            self.counters.cmd_set += 1
            return self.put(mode, raw, data, 0, expires, now) == STORED

    def delete(self, key):
        cdef bytes raw = checked_key(key)
        cdef double now = self.now()
        cdef Item item
        with cython.critical_section(self):
            item = self.find(raw, now)
            if item is not None:
                self.drop(item)
            return item is not None

    def clear(self):
        cdef double now = self.now()
        with cython.critical_section(self):
            self.flush(now, now)

    def stats(self):
        cdef double now = self.now()
        cdef dict counted
        with cython.critical_section(self):
            counted = dict(self.counters)
            return {**counted, "curr_items": len(self.items), "bytes": self.used_bytes,
                    "limit_maxbytes": self.max_bytes, "item_size_max": self.max_value_bytes,
                    "curr_connections": self.connections, "uptime": int(now - self.started),
                    "time": int(seconds(CLOCK_REALTIME))}

    def reset_stats(self):
        with cython.critical_section(self):
            memset(&self.counters, 0, sizeof(self.counters))
