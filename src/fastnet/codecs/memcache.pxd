# memcached's protocol. The C face of fastnet.codecs.memcache: messages in the bytes of a stream, as offsets from where
# each begins; see fastnet/memcache.h.
from libc.stdint cimport int64_t, uint64_t

from fastnet.codecs.cmemcache cimport fn_memcache_limits, fn_memcache_reply, fn_memcache_request, fn_memcache_state

cdef size_t next_word(const char *buf, size_t *at, size_t end, size_t *word) noexcept nogil
cdef bint read_number(const char *word, size_t n, uint64_t *number) noexcept nogil
cdef bint read_signed(const char *word, size_t n, int64_t *number) noexcept nogil
# Decimal digits at `out`, which has room for 20; returns how many.
cdef size_t write_number(char *out, uint64_t number) noexcept nogil
cdef const char *error_text(int error) noexcept nogil

# The key as bytes; ValueError for one that cannot be sent.
cdef bytes checked_key(object key)
# Where the bytes of a key lie, UTF-8 of a str, for as long as it lives; TypeError for what is neither str nor bytes.
cdef const char *key_bytes(object key, Py_ssize_t *n) except NULL
# `head`, the keys, each behind a space, and the end of the line.
cdef bytes encode_keys(bytes head, list keys)

# Bytes that were received and are not read yet: the caller's, lent until settle(), or kept.
cdef class Decoder:
    cdef fn_memcache_state state
    cdef fn_memcache_limits limits
    cdef const char *message         # where the message begins that was read last
    cdef const char *cur             # what follows it, `left` bytes
    cdef readonly size_t left
    cdef char *kept
    cdef size_t room
    cdef int fatal                   # fn_memcache_error that ended the stream
    cdef int busy
    cdef bint _is_kept(self) noexcept nogil
    cdef int _keep(self, size_t more) except -1
    cdef int put(self, const char *p, size_t n) except -1
    cdef int settle(self) except -1
    cdef object _feed(self, object data)
    cdef list _collect(self)

cdef class RequestDecoder(Decoder):
    # 1: `request` is at self.message; 0: no whole one is there; -1: self.fatal says why none will be
    cdef int next(self, fn_memcache_request *request) noexcept nogil

cdef class ReplyDecoder(Decoder):
    cdef int next(self, fn_memcache_reply *reply) noexcept nogil

cdef class Request:
    cdef readonly str verb
    cdef readonly tuple keys
    cdef readonly bytes value
    cdef readonly object client_flags, exptime, number
    cdef readonly bint noreply
    cdef readonly tuple words
    cdef readonly str error

cdef class Reply:
    cdef readonly str kind
    cdef readonly bytes key, value, text
    cdef readonly object client_flags, number

# Messages as objects, of what next() found.
cdef Request request_of(const char *p, const fn_memcache_request *r)
cdef Reply reply_of(const char *p, const fn_memcache_reply *r)
