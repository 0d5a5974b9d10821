# The C kernels of csrc/include/fastnet/memcache.h, as Cython sees them.
# For the extension that owns them (codecs/memcache); everyone else cimports codecs.memcache.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "fastnet/memcache.h" nogil:
    enum: FN_MEMCACHE_KEY_MAX

    ctypedef enum fn_memcache_verb:
        FN_MEMCACHE_NOTHING, FN_MEMCACHE_GET, FN_MEMCACHE_GETS, FN_MEMCACHE_GAT, FN_MEMCACHE_GATS
        FN_MEMCACHE_SET, FN_MEMCACHE_ADD, FN_MEMCACHE_REPLACE, FN_MEMCACHE_APPEND, FN_MEMCACHE_PREPEND, FN_MEMCACHE_CAS
        FN_MEMCACHE_DELETE, FN_MEMCACHE_INCR, FN_MEMCACHE_DECR, FN_MEMCACHE_TOUCH
        FN_MEMCACHE_STATS, FN_MEMCACHE_FLUSH_ALL, FN_MEMCACHE_VERSION, FN_MEMCACHE_VERBOSITY, FN_MEMCACHE_QUIT
        FN_MEMCACHE_META_GET, FN_MEMCACHE_META_SET, FN_MEMCACHE_META_DELETE, FN_MEMCACHE_META_ARITHMETIC
        FN_MEMCACHE_META_NOOP, FN_MEMCACHE_META_DEBUG

    ctypedef enum fn_memcache_error:
        FN_MEMCACHE_OK, FN_MEMCACHE_UNKNOWN, FN_MEMCACHE_BAD_FORMAT, FN_MEMCACHE_BAD_DELTA, FN_MEMCACHE_BAD_EXPTIME
        FN_MEMCACHE_TOO_LARGE, FN_MEMCACHE_BAD_LENGTH, FN_MEMCACHE_BAD_DATA, FN_MEMCACHE_LINE_TOO_LONG
        FN_MEMCACHE_HTTP, FN_MEMCACHE_BAD_REPLY, FN_MEMCACHE_VALUE_TOO_LARGE

    ctypedef enum fn_memcache_kind:
        FN_MEMCACHE_VALUE, FN_MEMCACHE_END, FN_MEMCACHE_STORED, FN_MEMCACHE_NOT_STORED, FN_MEMCACHE_EXISTS
        FN_MEMCACHE_NOT_FOUND, FN_MEMCACHE_DELETED, FN_MEMCACHE_TOUCHED, FN_MEMCACHE_DONE, FN_MEMCACHE_RESET
        FN_MEMCACHE_NUMBER, FN_MEMCACHE_STAT, FN_MEMCACHE_VERSION_REPLY
        FN_MEMCACHE_ERROR, FN_MEMCACHE_CLIENT_ERROR, FN_MEMCACHE_SERVER_ERROR
        FN_MEMCACHE_HD, FN_MEMCACHE_VA, FN_MEMCACHE_EN, FN_MEMCACHE_NS, FN_MEMCACHE_EX, FN_MEMCACHE_NF
        FN_MEMCACHE_MN, FN_MEMCACHE_ME

    ctypedef struct fn_memcache_limits:
        uint32_t max_key
        uint32_t max_value
        uint32_t max_line

    ctypedef struct fn_memcache_state:
        size_t needed

    ctypedef struct fn_memcache_request:
        uint8_t verb
        uint8_t error
        uint8_t noreply
        uint32_t client_flags
        int64_t exptime
        uint64_t number
        size_t key
        size_t key_len
        size_t more
        size_t line_end
        size_t value
        size_t value_len

    ctypedef struct fn_memcache_reply:
        uint8_t kind
        uint8_t error
        uint8_t has_number
        uint32_t client_flags
        uint64_t number
        size_t key
        size_t key_len
        size_t more
        size_t line_end
        size_t value
        size_t value_len

    Py_ssize_t fn_memcache_parse_request(fn_memcache_request *request, fn_memcache_state *state,
                                         const fn_memcache_limits *limits, const char *buf, size_t n)
    Py_ssize_t fn_memcache_parse_reply(fn_memcache_reply *reply, fn_memcache_state *state,
                                       const fn_memcache_limits *limits, const char *buf, size_t n)
    size_t fn_memcache_next(const char *buf, size_t *at, size_t end, size_t *word)
    int fn_memcache_number(const char *word, size_t n, uint64_t *number)
    int fn_memcache_signed(const char *word, size_t n, int64_t *number)
    int fn_memcache_is_key(const char *key, size_t n, size_t max_key)
    const char *fn_memcache_error_text(int error)
