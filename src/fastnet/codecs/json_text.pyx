"""What is to know of a JSON text (RFC 8259) before, or after, a parser has read it: one pass over its bytes.

It checks nothing that a parser checks. It finds what parsers treat differently, so that fastnet.codecs.json can treat
it in one way, and where a text that comes in pieces ends.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

cdef enum:
    WIDE_DIGITS = 19      # an integer of fewer digits has 64 bits at most


cdef inline bint is_digit(unsigned char ch) noexcept nogil:
    return 48 <= ch <= 57


cdef inline int hex_value(const unsigned char *s) noexcept nogil:
    """Value of four hexadecimal digits, or -1."""
    cdef int i, value = 0
    cdef unsigned char ch
    for i in range(4):
        ch = s[i]
        if is_digit(ch):
            value = value << 4 | (ch - 48)
        elif 97 <= (ch | 32) <= 102:
            value = value << 4 | ((ch | 32) - 87)
        else:
            return -1
    return value


cdef inline bint has_wide_exponent(const unsigned char *s, Py_ssize_t n) noexcept nogil:
    if n > 0 and (s[0] == c'-' or s[0] == c'+'):
        s, n = s + 1, n - 1
    return n >= 3 and is_digit(s[0]) and is_digit(s[1]) and is_digit(s[2])


def survey(bytes text not None) -> tuple[int, bool, bool]:
    """(depth, wide, lone) of a JSON text, right if it is one.

    depth: how deeply arrays and objects stand in each other. wide: there may be a number that parsers round, or refuse,
    in their own ways. lone: a string has an escaped surrogate without its other half.
    """
    cdef const unsigned char *s = <const unsigned char *>PyBytes_AS_STRING(text)
    cdef Py_ssize_t n = PyBytes_GET_SIZE(text), i = 0, run = 0, depth = 0, deepest = 0
    cdef bint wide = False, lone = False
    cdef unsigned char ch
    cdef int unit
    while i < n:
        ch = s[i]
        if is_digit(ch):
            run += 1
            wide = wide or run >= WIDE_DIGITS
        else:
            run = 0
            if ch == c'"':
                i += 1
                while i < n and s[i] != c'"':
                    if s[i] == c'\\':
                        i += 1
                        if i + 4 < n and s[i] == c'u':
                            unit = hex_value(s + i + 1)
                            if 0xD800 <= unit < 0xDC00 and i + 10 < n and s[i + 5] == c'\\' and s[i + 6] == c'u' \
                                    and 0xDC00 <= hex_value(s + i + 7) < 0xE000:
                                i += 10
                            elif 0xD800 <= unit < 0xE000:
                                lone = True
                    i += 1
            elif ch == c'[' or ch == c'{':
                depth += 1
                deepest = max(deepest, depth)
            elif ch == c']' or ch == c'}':
                depth -= 1
            elif ch == c'e' or ch == c'E':
                # 1e400 is infinite to one parser and an error to the other
                wide = wide or has_wide_exponent(s + i + 1, n - i - 1)
        i += 1
    return deepest, wide, lone


def has_small_float(bytes text not None) -> bool:
    """Whether a number in a JSON text without white space may be one that writers spell differently: 1e-05, 0.00001."""
    cdef const unsigned char *s = <const unsigned char *>PyBytes_AS_STRING(text)
    cdef Py_ssize_t n = PyBytes_GET_SIZE(text), i
    for i in range(1, n - 1):
        if s[i] == c'e':
            if is_digit(s[i - 1]) and (is_digit(s[i + 1]) or s[i + 1] == c'-' or s[i + 1] == c'+'):
                return True
        elif s[i] == c'.':
            if s[i - 1] == c'0' and i + 4 < n and s[i + 1] == s[i + 2] == s[i + 3] == s[i + 4] == c'0':
                return True
    return False


def progress(bytes piece not None, Py_ssize_t depth, bint in_string) -> tuple[int, bool]:
    """(depth, in_string) behind `piece`, a part of a JSON text before which they were as given.

    A piece ends at a line's end, so never inside an escape.
    """
    cdef const unsigned char *s = <const unsigned char *>PyBytes_AS_STRING(piece)
    cdef Py_ssize_t n = PyBytes_GET_SIZE(piece), i = 0
    while i < n:
        if in_string:
            if s[i] == c'\\':
                i += 1
            elif s[i] == c'"':
                in_string = False
        elif s[i] == c'"':
            in_string = True
        elif s[i] == c'[' or s[i] == c'{':
            depth += 1
        elif s[i] == c']' or s[i] == c'}':
            depth -= 1
        i += 1
    return depth, in_string
