# What a cache holds. The C face of fastnet.apps.memcache_store; whoever calls these methods holds critical_section(store).
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef class Item:
    cdef bytes key, value
    cdef uint32_t client_flags
    cdef bint fetched                # read since it was stored
    cdef bint stale, token_sent      # meta commands: marked by md I; someone was told to renew it
    cdef uint64_t cas
    cdef double expires, read_at     # on the store's clock; INFINITY: never
    cdef PyObject *newer             # borrowed: the store's dict owns all items
    cdef PyObject *older

cdef struct Counters:
    uint64_t cmd_get, cmd_set, cmd_flush, cmd_touch, cmd_meta
    uint64_t get_hits, get_misses, get_expired, delete_hits, delete_misses, incr_hits, incr_misses, decr_hits
    uint64_t decr_misses, cas_hits, cas_misses, cas_badval, touch_hits, touch_misses
    uint64_t bytes_read, bytes_written, total_items, evictions, evicted_unfetched, expired_unfetched, reclaimed
    uint64_t total_connections

cdef enum Stored:
    STORED, NOT_STORED, EXISTS, NOT_FOUND, NO_ROOM, NOT_NUMERIC

cdef enum Mode:
    SET, ADD, REPLACE, APPEND, PREPEND

cdef class Store:
    cdef dict items
    cdef object clock
    cdef PyObject *newest
    cdef PyObject *oldest
    cdef uint64_t last_cas
    cdef double flush_at
    cdef readonly size_t max_bytes, used_bytes, max_value_bytes
    cdef Counters counters
    cdef Py_ssize_t connections
    cdef double started

    cdef double now(self) except -1
    cdef double deadline(self, int64_t exptime, double now) except *
    cdef Item find(self, bytes key, double now)                        # None where there is none, or no more
    cdef void read(self, Item item, double now) noexcept               # it is the newest now
    cdef Stored put(self, Mode mode, bytes key, bytes value, uint32_t client_flags, double expires, double now,
                    uint64_t cas_wanted=*, bint compare=*) except *
    cdef Item create(self, bytes key, bytes value, uint32_t client_flags, double expires, double now)
    cdef bint replace(self, Item item, bytes value) except -1          # False: there is no room for it
    cdef Stored add_number(self, Item item, uint64_t delta, bint down, uint64_t *result) except *
    cdef int drop(self, Item item) except -1
    cdef int flush(self, double at, double now) except -1
    cdef uint64_t next_cas(self) noexcept
    cdef void _link(self, Item item) noexcept
    cdef void _unlink(self, Item item) noexcept
    cdef bint _make_room(self, size_t size, Item spared, double now) except -1
    cdef int _clear(self) except -1
    cdef object _set(self, Mode mode, object key, object value, object ttl_s)
