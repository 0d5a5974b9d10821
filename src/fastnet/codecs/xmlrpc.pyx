"""XML-RPC documents as programs write them, read in one pass without an XML parser; and plain values written.

Only what is plain is read: elements of XML-RPC without attributes, in their order, UTF-8, the five named entities;
ints, booleans, strings, doubles, nil, arrays and structs. For everything else, right or wrong, the answer is "not by
me", and a real parser is asked. So what is read here must be what that parser would have read; what is refused, it refuses.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.math cimport isfinite
from libc.string cimport memchr, memcmp, strlen

cdef enum:
    MOST_DIGITS = 18           # an int of them has 64 bits at most
    MOST_OF_DOUBLE = 40
    MOST_WRITTEN = 100         # arrays and structs in each other

cdef struct Text:
    const char *at
    const char *end
    Py_ssize_t room            # elements that may be opened inside of those that are
    bint odd                   # met something that is not plain: nothing counts any more


cdef inline bint take(Text *t, const char *what) noexcept nogil:
    """Go past `what` if it is next."""
    cdef size_t n = strlen(what)
    if <size_t>(t.end - t.at) < n or memcmp(t.at, what, n) != 0:
        return False
    t.at += n
    return True


cdef inline void need(Text *t, const char *what) noexcept nogil:
    if not take(t, what):
        t.odd = True


cdef inline bint enter(Text *t, const char *tag) noexcept nogil:
    """take() of an element's beginning; deeper than the limit is odd."""
    if not take(t, tag):
        return False
    t.room -= 1
    if t.room < 0:
        t.odd = True
    return True


cdef inline void leave(Text *t, const char *tag) noexcept nogil:
    need(t, tag)
    t.room += 1


cdef inline void skip(Text *t) noexcept nogil:
    while t.at < t.end and (t.at[0] == c' ' or t.at[0] == c'\n' or t.at[0] == c'\t' or t.at[0] == c'\r'):
        t.at += 1


cdef object characters(Text *t):
    """The text up to the next tag."""
    cdef const char *start = t.at
    cdef bint wide = False, entities = False
    cdef unsigned char ch = 0
    while t.at < t.end:
        ch = <unsigned char>t.at[0]
        if ch == c'<':
            break
        if ch >= 0x80:
            wide = True
            # U+FFFE and U+FFFF, which XML has not, begin with this byte
            t.odd = t.odd or ch == 0xEF
        elif ch == c'&':
            entities = True
        elif (ch < 0x20 and ch != c'\n' and ch != c'\t') or (ch == c'>' and t.at - start >= 2 and (t.at - 1)[0] == c']'):
            t.odd = True
        t.at += 1
    if ch != c'<' or t.odd:
        t.odd = True
        return None
    if not wide:
        text = PyUnicode_DecodeASCII(start, t.at - start, NULL)
    else:
        try:
            text = PyUnicode_DecodeUTF8(start, t.at - start, NULL)
        except UnicodeDecodeError:
            t.odd = True
            return None
    return resolved(t, text) if entities else text


cdef object resolved(Text *t, str text):
    """`text` with its entities, which are the named ones, replaced."""
    known = sum([text.count(name) for name in ("&lt;", "&gt;", "&quot;", "&apos;", "&amp;")])
    if known != text.count("&"):
        t.odd = True
        return None
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
    return text.replace("&amp;", "&")


cdef object integer(Text *t):
    cdef const char *start
    cdef long long value = 0
    cdef bint negative = take(t, b"-")
    start = t.at
    while c'0' <= t.at[0] <= c'9' and t.at - start < MOST_DIGITS:
        value = value * 10 + (t.at[0] - c'0')
        t.at += 1
    if t.at == start:
        t.odd = True
    return -value if negative else value


cdef object real(Text *t):
    cdef const char *start = t.at
    while c'0' <= t.at[0] <= c'9' or t.at[0] == c'.' or t.at[0] == c'-' or t.at[0] == c'+' or t.at[0] == c'e':
        t.at += 1
    if 1 <= t.at - start <= MOST_OF_DOUBLE:
        try:
            return float(PyBytes_FromStringAndSize(start, t.at - start))
        except ValueError:
            pass
    t.odd = True
    return None


cdef object array(Text *t):
    cdef list found = []
    skip(t)
    if not enter(t, b"<data>"):
        t.odd = True
        return None
    skip(t)
    while not t.odd and enter(t, b"<value>"):
        found.append(value(t))
        skip(t)
    leave(t, b"</data>")
    skip(t)
    leave(t, b"</array>")
    return found


cdef object struct_of(Text *t):
    cdef dict found = {}
    skip(t)
    while not t.odd and enter(t, b"<member>"):
        skip(t)
        if not enter(t, b"<name>"):
            t.odd = True
            return None
        name = characters(t)
        leave(t, b"</name>")
        skip(t)
        if t.odd or not enter(t, b"<value>"):
            t.odd = True
            return None
        found[name] = value(t)
        skip(t)
        leave(t, b"</member>")
        skip(t)
    leave(t, b"</struct>")
    return found


cdef object value(Text *t):
    """What stands behind <value>, with its end."""
    cdef const char *start = t.at
    cdef object found = None
    skip(t)
    if t.at[0] != c'<' or t.at[1] == c'/':
        t.at = start
        found = characters(t)              # a string without its element
    elif enter(t, b"<int>"):
        found = integer(t)
        leave(t, b"</int>")
    elif enter(t, b"<string>"):
        found = characters(t)
        leave(t, b"</string>")
    elif enter(t, b"<struct>"):
        found = struct_of(t)
    elif enter(t, b"<array>"):
        found = array(t)
    elif enter(t, b"<double>"):
        found = real(t)
        leave(t, b"</double>")
    elif enter(t, b"<boolean>"):
        found = take(t, b"1")
        if not found:
            need(t, b"0")
        leave(t, b"</boolean>")
    elif enter(t, b"<i4>"):
        found = integer(t)
        leave(t, b"</i4>")
    elif enter(t, b"<i8>"):
        found = integer(t)
        leave(t, b"</i8>")
    elif enter(t, b"<nil/>"):
        t.room += 1
    else:
        t.odd = True
        return None
    skip(t)                                # nothing, behind a string without its element
    leave(t, b"</value>")
    return found


cdef bint prologue(Text *t) noexcept nogil:
    """Go past the declaration, if there is one, of what is UTF-8; whether it is."""
    cdef const char *end
    cdef Py_ssize_t n
    if not take(t, b"<?xml version="):
        return True
    end = <const char *>memchr(t.at, c'>', t.end - t.at)
    if end == NULL:
        return False
    n = end - t.at
    if not ((n == 6 and (memcmp(t.at, b"'1.0'?", 6) == 0 or memcmp(t.at, b'"1.0"?', 6) == 0))
            or (n == 23 and (memcmp(t.at, b"'1.0' encoding='utf-8'?", 23) == 0
                             or memcmp(t.at, b"'1.0' encoding='UTF-8'?", 23) == 0
                             or memcmp(t.at, b'"1.0" encoding="utf-8"?', 23) == 0
                             or memcmp(t.at, b'"1.0" encoding="UTF-8"?', 23) == 0))):
        return False
    t.at = end + 1
    return True


def read_plain(bytes data not None, Py_ssize_t most_elements):
    """(method, params) of a call, (None, params) of an answer that is no fault; None for what is not plain.

    most_elements: how deeply elements may stand in each other. Raises nothing of its own.
    """
    cdef Text t
    cdef list params = []
    cdef object method = None
    t.at = PyBytes_AS_STRING(data)
    t.end = t.at + PyBytes_GET_SIZE(data)
    t.room, t.odd = most_elements, False
    if not prologue(&t):
        return None
    skip(&t)
    cdef bint is_call = enter(&t, b"<methodCall>")
    if is_call:
        skip(&t)
        if not enter(&t, b"<methodName>"):
            return None
        method = characters(&t)
        leave(&t, b"</methodName>")
    elif not enter(&t, b"<methodResponse>"):
        return None
    skip(&t)
    if t.odd or not enter(&t, b"<params>"):
        return None
    skip(&t)
    while not t.odd and enter(&t, b"<param>"):
        skip(&t)
        if not enter(&t, b"<value>"):
            return None
        params.append(value(&t))
        skip(&t)
        leave(&t, b"</param>")
        skip(&t)
    leave(&t, b"</params>")
    skip(&t)
    leave(&t, b"</methodCall>" if is_call else b"</methodResponse>")
    skip(&t)
    return None if t.odd or t.at != t.end else (method, params)


# --- writing ---------------------------------------------------------------------------------------------------------

cdef object escaped(str text):
    """`text` as it stands in a document; None: it has something that is no plain character."""
    cdef Py_UCS4 ch
    cdef bint marked = False
    for ch in text:
        if ch < 0x20:
            if ch != c'\n' and ch != c'\t':
                return None
        elif ch == c'&' or ch == c'<' or ch == c'>':
            marked = True
        elif 0xD800 <= ch < 0xE000 or ch == 0xFFFE or ch == 0xFFFF:
            return None
    if marked:
        return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    return text


cdef bint write(list out, object item, int depth) except -1:
    """The text of a value, in pieces; False for one that is not plain."""
    kind = type(item)
    if kind is int:
        if -2147483648 <= item < 2147483648:
            out.append(f"<value><int>{item}</int></value>\n")
            return True
        if -9223372036854775808 <= item < 9223372036854775808:
            out.append(f"<value><i8>{item}</i8></value>\n")
            return True
        return False
    if kind is str:
        text = escaped(item)
        if text is None:
            return False
        out.append(f"<value><string>{text}</string></value>\n")
        return True
    if item is None:
        out.append("<value><nil/></value>")
        return True
    if kind is bool:
        out.append("<value><boolean>1</boolean></value>\n" if item else "<value><boolean>0</boolean></value>\n")
        return True
    if kind is float:
        if not isfinite(item):
            return False
        out.append(f"<value><double>{item!r}</double></value>\n")
        return True
    if depth == 0:
        return False               # deep, or it contains itself
    if kind is list or kind is tuple:
        out.append("<value><array><data>\n")
        for each in item:
            if not write(out, each, depth - 1):
                return False
        out.append("</data></array></value>\n")
        return True
    if kind is dict:
        out.append("<value><struct>\n")
        for name, each in (<dict>item).items():
            text = escaped(name) if type(name) is str else None
            if text is None:
                return False
            out.append(f"<member>\n<name>{text}</name>\n")
            if not write(out, each, depth - 1):
                return False
            out.append("</member>\n")
        out.append("</struct></value>\n")
        return True
    return False


def write_plain(values not None):
    """The <params> of plain values, as xmlrpc.client has them, with i8 for larger ints; None: some are not plain."""
    cdef list out = ["<params>\n"]
    for each in values:
        out.append("<param>\n")
        if not write(out, each, MOST_WRITTEN):
            return None
        out.append("</param>\n")
    out.append("</params>\n")
    return "".join(out)
