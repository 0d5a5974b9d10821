"""The meta commands of a cache: mg, ms, md, ma and me, with all flags of memcached 1.6 but those for its slabs.

They are what a cache-aside client needs that must not stampede: N makes an item on a miss and lets one client win (W),
R lets one win that renews what is about to expire, I marks an item stale, and the others are told so (Z, X).
"""

import binascii

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from fastnet.apps.memcache_store cimport (ADD, APPEND, EXISTS, NO_ROOM, NOT_FOUND, NOT_NUMERIC, PREPEND,
                                          REPLACE, SET, STORED, Item, Mode, Store, Stored)
from fastnet.codecs cimport cmemcache as c
from fastnet.codecs.cmemcache cimport fn_memcache_request
from fastnet.codecs.memcache cimport next_word, read_number, read_signed, write_number
from fastnet.codecs.outbuffer cimport OutBuffer

cdef enum:
    MOST_FLAGS = 32
    OPAQUE_BYTES = 32

cdef struct Flag:
    char name
    size_t token, n

cdef struct Flags:
    int count
    Flag all[MOST_FLAGS]
    bint quiet, base64, value, has_cas, invalidate, has_ttl, vivify, recache, has_new_cas, remove_value
    uint64_t cas, new_cas, delta, initial
    int64_t ttl, vivify_ttl, recache_ttl
    uint32_t client_flags
    char mode


cdef const char *read_flags(Flags *flags, const char *p, const fn_memcache_request *request) noexcept:
    """The flags of a command; returns NULL, or the line that says what is wrong with them."""
    cdef size_t at = request.more, word, n
    cdef uint64_t seen[2]
    cdef uint64_t number
    cdef Flag *flag
    cdef unsigned char name
    memset(flags, 0, sizeof(Flags))
    memset(seen, 0, sizeof(seen))
    flags.delta = 1
    while True:
        n = next_word(p, &at, request.line_end, &word)
        if n == 0:
            return NULL
        name = <unsigned char>p[word]
        if name > 127 or flags.count == MOST_FLAGS:
            return b"CLIENT_ERROR invalid flag\r\n"
        if seen[name >> 6] >> (name & 63) & 1:
            return b"CLIENT_ERROR duplicate flag\r\n"
        seen[name >> 6] |= <uint64_t>1 << (name & 63)
        flag = &flags.all[flags.count]
        flags.count += 1
        flag.name, flag.token, flag.n = <char>name, word + 1, n - 1
        if name == b"q":
            flags.quiet = True
        elif name == b"b":
            flags.base64 = True
        elif name == b"v":
            flags.value = True
        elif name == b"I":
            flags.invalidate = True
        elif name == b"x":
            flags.remove_value = True
        elif name == b"O":
            if flag.n > OPAQUE_BYTES:
                return b"CLIENT_ERROR opaque token too long\r\n"
        elif name == b"C" or name == b"E" or name == b"D" or name == b"J" or name == b"F":
            if not read_number(p + flag.token, flag.n, &number) or (name == b"F" and number > 0xFFFFFFFF):
                return b"CLIENT_ERROR bad token in command line format\r\n"
            if name == b"C":
                flags.has_cas, flags.cas = True, number
            elif name == b"E":
                flags.has_new_cas, flags.new_cas = True, number
            elif name == b"D":
                flags.delta = number
            elif name == b"J":
                flags.initial = number
            else:
                flags.client_flags = <uint32_t>number
        elif name == b"T":
            flags.has_ttl = True
            if not read_signed(p + flag.token, flag.n, &flags.ttl):
                return b"CLIENT_ERROR bad token in command line format\r\n"
        elif name == b"N":
            flags.vivify = True
            if not read_signed(p + flag.token, flag.n, &flags.vivify_ttl):
                return b"CLIENT_ERROR bad token in command line format\r\n"
        elif name == b"R":
            flags.recache = True
            if not read_signed(p + flag.token, flag.n, &flags.recache_ttl):
                return b"CLIENT_ERROR bad token in command line format\r\n"
        elif name == b"M":
            if flag.n < 1:
                return b"CLIENT_ERROR bad token in command line format\r\n"
            flags.mode = p[flag.token]
        elif name not in (b"c", b"f", b"h", b"k", b"l", b"s", b"t", b"S"):
            return b"CLIENT_ERROR invalid flag\r\n"


cdef int put_number(OutBuffer out, char name, int64_t number) except -1:
    cdef char *to = out.reserve(24)
    cdef size_t n = 2
    to[0], to[1] = b" ", name
    if number < 0:
        to[2] = b"-"
        n, number = 3, -number
    n += write_number(to + n, <uint64_t>number)
    out.commit(n)
    return 0


cdef int put_facts(Store store, OutBuffer out, Flags *flags, const char *p, const fn_memcache_request *request,
                   Item item, double now) except -1:
    """What the client wants to know, in the order it asked; of no item, only what it sent itself."""
    cdef int i
    cdef Flag *flag
    cdef double left
    for i in range(flags.count):
        flag = &flags.all[i]
        if flag.name == b"O":
            out.append(b" O", 2)
            out.append(p + flag.token, flag.n)
        elif flag.name == b"k":
            out.append(b" k", 2)
            out.append(p + request.key, request.key_len)
            if flags.base64:
                out.append(b" b", 2)
        elif item is None:
            continue
        elif flag.name == b"c":
            put_number(out, b"c", <int64_t>item.cas)
        elif flag.name == b"f":
            put_number(out, b"f", item.client_flags)
        elif flag.name == b"h":
            out.append(b" h1" if item.fetched else b" h0", 3)
        elif flag.name == b"l":
            put_number(out, b"l", <int64_t>max(0.0, now - item.read_at))
        elif flag.name == b"s":
            put_number(out, b"s", PyBytes_GET_SIZE(item.value))
        elif flag.name == b"t":
            left = item.expires - now
            put_number(out, b"t", -1 if left == INFINITY else <int64_t>(left + .5))
        elif flag.name == b"T" and request.verb == c.FN_MEMCACHE_META_GET:
            item.expires = store.deadline(flags.ttl, now)
    return 0


cdef int say(OutBuffer out, const char *word) except -1:
    return out.append(word, 2)


cdef int put_value(OutBuffer out, bytes value) except -1:
    cdef char *to = out.reserve(24)
    cdef size_t n
    to[0], to[1], to[2] = b"V", b"A", b" "
    n = write_number(to + 3, PyBytes_GET_SIZE(value))
    out.commit(n + 3)
    return 0


cdef int answer_meta(Store store, OutBuffer out, const char *message, const fn_memcache_request *request) except -1:
    cdef Flags flags
    cdef bytes key
    cdef const char *wrong
    cdef size_t n = 0
    cdef double now = store.now()
    if request.verb == c.FN_MEMCACHE_META_DEBUG:
        return debug(store, out, PyBytes_FromStringAndSize(message + request.key, request.key_len), now)
    store.counters.cmd_meta += 1
    wrong = read_flags(&flags, message, request)
    key = PyBytes_FromStringAndSize(message + request.key, request.key_len)
    if wrong == NULL and flags.base64:
        try:
            key = binascii.a2b_base64(key, strict_mode=True)
        except binascii.Error:
            key = b""
        if not key:
            wrong = b"CLIENT_ERROR error decoding key\r\n"
    if wrong != NULL:
        while wrong[n]:
            n += 1
        return out.append(wrong, n)
    if request.verb == c.FN_MEMCACHE_META_GET:
        return meta_get(store, out, &flags, key, message, request, now)
    if request.verb == c.FN_MEMCACHE_META_SET:
        return meta_set(store, out, &flags, key, message, request, now)
    if request.verb == c.FN_MEMCACHE_META_DELETE:
        return meta_delete(store, out, &flags, key, message, request, now)
    return meta_arithmetic(store, out, &flags, key, message, request, now)


cdef int meta_get(Store store, OutBuffer out, Flags *flags, bytes key, const char *p,
                  const fn_memcache_request *request, double now) except -1:
    cdef Item item = store.find(key, now)
    cdef bint won = False
    store.counters.cmd_get += 1
    if item is None:
        store.counters.get_misses += 1
        if flags.vivify:
            item = store.create(key, b"", 0, store.deadline(flags.vivify_ttl, now), now)
            won = True
        if item is None:
            if not flags.quiet:
                say(out, b"EN")
                put_facts(store, out, flags, p, request, None, now)
                out.append(b"\r\n", 2)
            return 0
        if flags.has_new_cas:
            item.cas = flags.new_cas
    else:
        store.counters.get_hits += 1
        won = (flags.recache and not item.token_sent and item.expires != INFINITY
               and item.expires - now < flags.recache_ttl)
    if flags.has_ttl:
        store.counters.cmd_touch += 1
        store.counters.touch_hits += 1
    if flags.value:
        put_value(out, item.value)
    else:
        say(out, b"HD")
    put_facts(store, out, flags, p, request, item, now)
    if item.token_sent:
        out.append(b" Z", 2)
    if item.stale:
        out.append(b" X", 2)
        won = won or not item.token_sent
    if won:
        out.append(b" W", 2)
        item.token_sent = True
    out.append(b"\r\n", 2)
    if flags.value:
        out.append_bytes(item.value)
        out.append(b"\r\n", 2)
    store.read(item, now)
    return 0


cdef int conclude(Store store, OutBuffer out, Flags *flags, const char *p, const fn_memcache_request *request,
                  Stored done, Item item, double now) except -1:
    """The line of ms, md and ma: what became of it, and what was asked for."""
    if done == NO_ROOM:
        return out.append(b"SERVER_ERROR object too large for cache\r\n", 41)
    if flags.quiet and done == STORED:
        return 0
    say(out, b"HD" if done == STORED else b"EX" if done == EXISTS else b"NF" if done == NOT_FOUND else b"NS")
    put_facts(store, out, flags, p, request, item if done == STORED else None, now)
    return out.append(b"\r\n", 2)


cdef int meta_set(Store store, OutBuffer out, Flags *flags, bytes key, const char *p,
                  const fn_memcache_request *request, double now) except -1:
    cdef bytes value = PyBytes_FromStringAndSize(p + request.value, request.value_len)
    cdef double expires = store.deadline(flags.ttl, now)
    cdef Item item = None
    cdef bint outdated = False, token_sent = False
    cdef Mode mode = SET
    cdef Stored done
    cdef char wanted = flags.mode & ~32 if flags.mode else b"S"
    if wanted == b"E":
        mode = ADD
    elif wanted == b"A":
        mode = APPEND
    elif wanted == b"P":
        mode = PREPEND
    elif wanted == b"R":
        mode = REPLACE
    elif wanted != b"S":
        return out.append(b"CLIENT_ERROR invalid mode for ms M token\r\n", 42)
    store.counters.cmd_set += 1
    if flags.invalidate and flags.has_cas:
        # An old cas unique stores, too, but what it stores is stale at once.
        item = store.find(key, now)
        if item is not None and flags.cas < item.cas:
            outdated, token_sent, flags.has_cas = True, item.token_sent, False
    if flags.vivify and (mode == APPEND or mode == PREPEND) and store.find(key, now) is None:
        mode, expires = SET, store.deadline(flags.vivify_ttl, now)
    done = store.put(mode, key, value, flags.client_flags, expires, now, flags.cas, flags.has_cas)
    if done == STORED:
        item = store.find(key, now)
        if item is not None:                 # a negative TTL
            if flags.has_new_cas:
                item.cas = flags.new_cas
            if outdated:
                item.stale, item.token_sent = True, token_sent
    return conclude(store, out, flags, p, request, done, item, now)


cdef int meta_delete(Store store, OutBuffer out, Flags *flags, bytes key, const char *p,
                     const fn_memcache_request *request, double now) except -1:
    cdef Item item = store.find(key, now)
    if item is None:
        store.counters.delete_misses += 1
        return conclude(store, out, flags, p, request, NOT_FOUND, None, now)
    if flags.has_cas and item.cas != flags.cas:
        return conclude(store, out, flags, p, request, EXISTS, None, now)
    store.counters.delete_hits += 1
    if not flags.invalidate and not flags.remove_value:
        store.drop(item)
        return conclude(store, out, flags, p, request, STORED, item, now)
    if flags.remove_value:
        store.replace(item, b"")
        item.client_flags = 0
    if flags.invalidate:
        item.stale, item.token_sent = True, False
        if flags.has_ttl:
            item.expires = store.deadline(flags.ttl, now)
    item.cas = flags.new_cas if flags.has_new_cas else store.next_cas()
    return conclude(store, out, flags, p, request, STORED, item, now)


cdef int meta_arithmetic(Store store, OutBuffer out, Flags *flags, bytes key, const char *p,
                         const fn_memcache_request *request, double now) except -1:
    cdef bint down = flags.mode in (b"D", b"d", b"-")
    cdef Item item
    cdef Stored done
    cdef uint64_t result
    cdef char digits[20]
    cdef bytes text
    if flags.mode and not down and flags.mode not in (b"I", b"i", b"+"):
        return out.append(b"CLIENT_ERROR invalid mode for ma M token\r\n", 42)
    item = store.find(key, now)
    if item is None:
        if down:
            store.counters.decr_misses += 1
        else:
            store.counters.incr_misses += 1
        if not flags.vivify:
            return conclude(store, out, flags, p, request, NOT_FOUND, None, now)
        text = PyBytes_FromStringAndSize(digits, write_number(digits, flags.initial))
        item = store.create(key, text, 0, store.deadline(flags.vivify_ttl, now), now)
        if item is None:
            return conclude(store, out, flags, p, request, NO_ROOM, None, now)
    else:
        if flags.has_cas and item.cas != flags.cas:
            return conclude(store, out, flags, p, request, EXISTS, None, now)
        done = store.add_number(item, flags.delta, down, &result)
        if done == NOT_NUMERIC:
            return out.append(b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", 62)
        if done == NO_ROOM:
            return conclude(store, out, flags, p, request, NO_ROOM, None, now)
        if down:
            store.counters.decr_hits += 1
        else:
            store.counters.incr_hits += 1
    if flags.has_new_cas:
        item.cas = flags.new_cas
    if flags.has_ttl:
        item.expires = store.deadline(flags.ttl, now)
    if not flags.value or flags.quiet:
        return conclude(store, out, flags, p, request, STORED, item, now)
    text = item.value.rstrip(b" ")
    put_value(out, text)
    put_facts(store, out, flags, p, request, item, now)
    out.append(b"\r\n", 2)
    out.append_bytes(text)
    return out.append(b"\r\n", 2)


cdef int debug(Store store, OutBuffer out, bytes key, double now) except -1:
    cdef Item item = store.find(key, now)
    cdef bytes line
    if item is None:
        return out.append(b"EN\r\n", 4)
    left = -1 if item.expires == INFINITY else int(item.expires - now)
    line = b"ME %b exp=%d la=%d cas=%d fetch=%b cls=1 size=%d\r\n" % (
        key, left, int(now - item.read_at), item.cas, b"yes" if item.fetched else b"no",
        PyBytes_GET_SIZE(key) + PyBytes_GET_SIZE(item.value))
    return out.append(PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line))
