# Short str that are likely to come again, found by their bytes: a table of WORDS of them, in which a newcomer takes the
# place of whoever has it.
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

from fastnet.codecs.cmsgpack cimport fn_str_new  # and what it includes

cdef enum:
    WORDS = 64               # a power of two
    WORD_MOST = 24           # bytes of the longest

cdef extern from *:
    """
    #ifndef FN_MSGPACK_WORDS
    #define FN_MSGPACK_WORDS

    /* Up to 24 bytes of ASCII, as numbers, with zeros behind them. */
    typedef struct {
        uint64_t a, b, c;
        PyObject *text;
    } fn_word;

    static inline uint64_t fn_first_bytes(const uint8_t *p, Py_ssize_t n) {
        return fn_msgpack_load64(p) >> (64 - 8 * n) << (64 - 8 * n);
    }

    /* A new reference to the str of the 0 < n <= 24 bytes at p, of which `room` may be read; NULL with an exception. */
    static inline PyObject *fn_word_of(fn_word *words, const uint8_t *p, Py_ssize_t n, Py_ssize_t room,
                                       const char *errors) {
        uint8_t copy[24];
        uint64_t a, b = 0, c = 0;
        const uint8_t *q = p;
        if (room < 24) {
            memset(copy, 0, sizeof copy);
            memcpy(copy, p, (size_t)n);
            q = copy;
        }
        if (n <= 8) {
            a = fn_first_bytes(q, n);
        } else {
            a = fn_msgpack_load64(q);
            if (n <= 16) {
                b = fn_first_bytes(q + 8, n - 8);
            } else {
                b = fn_msgpack_load64(q + 8);
                c = fn_first_bytes(q + 16, n - 16);
            }
        }
        fn_word *word = &words[((a ^ (b >> 7) ^ (c >> 13) ^ (uint64_t)n) * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
        PyObject *text = word->text;
        if (text != NULL && word->a == a && word->b == b && word->c == c && PyUnicode_GET_LENGTH(text) == n) {
            Py_INCREF(text);
            return text;
        }
        text = fn_str_new(p, n, errors);
        if (text != NULL && ((a | b | c) & UINT64_C(0x8080808080808080)) == 0) {
            Py_XDECREF(word->text);
            Py_INCREF(text);
            word->text = text;
            word->a = a, word->b = b, word->c = c;
        }
        return text;
    }
    #endif
    """
    ctypedef struct fn_word:
        PyObject *text

    PyObject *fn_word_of(fn_word *words, const uint8_t *p, Py_ssize_t n, Py_ssize_t room, const char *errors) noexcept
