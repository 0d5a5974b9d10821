/* Reading DNS messages: one pass that checks all of it, so that nothing later can fail. */
#include <string.h>

#include "fastnet/dns.h"

static uint16_t u16(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

static ptrdiff_t fail(uint8_t *error, fn_dns_error why) {
    *error = (uint8_t)why;
    return why == FN_DNS_ENDS ? FN_PARTIAL : FN_INVALID;
}

ptrdiff_t fn_dns_header(fn_dns_message *m, const uint8_t *msg, size_t len) {
    memset(m, 0, sizeof *m);
    if (len > FN_DNS_MESSAGE_MAX) return fail(&m->error, FN_DNS_TOO_LONG);
    if (len < FN_DNS_HEADER_BYTES) return fail(&m->error, FN_DNS_ENDS);
    m->id = u16(msg);
    m->flags = u16(msg + 2);
    for (int i = 0; i < 4; i++) m->count[i] = u16(msg + 4 + 2 * i);
    /* A question takes 5 bytes at least, a record 11: what cannot be there need not be looked for, nor given room. */
    size_t least = 5u * m->count[0] + 11u * ((size_t)m->count[1] + m->count[2] + m->count[3]);
    if (least > len - FN_DNS_HEADER_BYTES) return fail(&m->error, FN_DNS_ENDS);
    return FN_DNS_HEADER_BYTES;
}

size_t fn_dns_count(const fn_dns_message *m) {
    return (size_t)m->count[0] + m->count[1] + m->count[2] + m->count[3];
}

/* *first: where the first label stands. */
static ptrdiff_t walk(const uint8_t *msg, size_t len, size_t at, uint8_t *name, size_t *name_len, size_t *first,
                      uint8_t *error) {
    size_t start = at, bound = at, used = 0, pointers = 0;
    ptrdiff_t taken = 0;
    *first = at;
    for (;;) {
        if (at >= len) return fail(error, FN_DNS_ENDS);
        size_t label = msg[at];
        if (label <= FN_DNS_LABEL_MAX) {
            if (used + label + 1 > FN_DNS_NAME_MAX) return fail(error, FN_DNS_NAME_TOO_LONG);
            if (label + 1 > len - at) return fail(error, FN_DNS_ENDS);
            if (name) memcpy(name + used, msg + at, label + 1);
            used += label + 1;
            at += label + 1;
            if (label == 0) break;
        } else if (label >= 0xc0) {
            if (len - at < 2) return fail(error, FN_DNS_ENDS);
            size_t target = (label & 0x3f) << 8 | msg[at + 1];
            if (target >= bound || target < FN_DNS_HEADER_BYTES || ++pointers > FN_DNS_POINTERS_MAX)
                return fail(error, FN_DNS_BAD_POINTER);
            if (!taken) taken = (ptrdiff_t)(at + 2 - start);
            if (!used) *first = target;
            at = bound = target;
        } else {
            return fail(error, FN_DNS_BAD_LABEL);
        }
    }
    *name_len = used;
    return taken ? taken : (ptrdiff_t)(at - start);
}

ptrdiff_t fn_dns_name(const uint8_t *msg, size_t len, size_t at, uint8_t *name, size_t *name_len, uint8_t *error) {
    size_t first;
    return walk(msg, len, at, name, name_len, &first, error);
}

/* --- data of known types --- */

/* A name inside the data, which must not reach beyond its end; pointers lead out of it. */
static ptrdiff_t data_name(const uint8_t *msg, size_t end, size_t at, uint8_t *error) {
    size_t length, first;
    ptrdiff_t taken = walk(msg, end, at, NULL, &length, &first, error);
    return taken == FN_PARTIAL ? fail(error, FN_DNS_BAD_DATA) : taken;
}

/* The same for types that came after RFC 3597: pointers are not allowed. Returns the bytes, or -1. */
static ptrdiff_t plain_name(const uint8_t *p, size_t len) {
    size_t at = 0;
    for (;;) {
        if (at >= len || p[at] > FN_DNS_LABEL_MAX) return -1;
        size_t label = p[at];
        at += label + 1;
        if (at > FN_DNS_NAME_MAX) return -1;
        if (label == 0) return (ptrdiff_t)at;
    }
}

/* Strings, each after its length byte, of at least `least` bytes, that fill the data; at least one. */
static int are_strings(const uint8_t *p, size_t len, size_t least) {
    size_t at = 0;
    while (at < len) {
        if (p[at] < least) return 0;
        at += p[at] + 1u;
    }
    return len > 0 && at == len;
}

/* RFC 9460, sections 7 and 8: the value of a parameter whose key is known. */
static int is_parameter(unsigned key, const uint8_t *p, size_t len) {
    switch (key) {
    case 0: /* mandatory: keys, ascending, not itself */
        for (size_t i = 0, before = 0; i + 1 < len; i += 2) {
            if (u16(p + i) <= before) return 0;
            before = u16(p + i);
        }
        return len > 0 && len % 2 == 0;
    case 1: return are_strings(p, len, 1); /* alpn */
    case 2: return len == 0;               /* no-default-alpn */
    case 3: return len == 2;               /* port */
    case 4: return len > 0 && len % 4 == 0;
    case 6: return len > 0 && len % 16 == 0;
    case 65535: return 0;
    default: return 1;
    }
}

static int is_service(const uint8_t *p, size_t len) {
    if (len < 3) return 0;
    ptrdiff_t name = plain_name(p + 2, len - 2);
    if (name < 0) return 0;
    size_t at = 2 + (size_t)name;
    long before = -1;
    while (at < len) {
        if (len - at < 4) return 0;
        unsigned key = u16(p + at);
        size_t size = u16(p + at + 2);
        at += 4;
        if ((long)key <= before || size > len - at || !is_parameter(key, p + at, size)) return 0;
        before = (long)key;
        at += size;
    }
    return 1;
}

static int are_options(const uint8_t *p, size_t len) {
    size_t at = 0;
    while (at < len) {
        if (len - at < 4) return 0;
        size_t size = u16(p + at + 2);
        at += 4;
        if (size > len - at) return 0;
        at += size;
    }
    return 1;
}

static int is_certificate_authority(const uint8_t *p, size_t len) {
    if (len < 3 || p[1] == 0 || p[1] > len - 2) return 0;
    for (size_t i = 2; i < 2u + p[1]; i++) {
        uint8_t c = p[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))) return 0;
    }
    return 1;
}

/* `skip` bytes, then names, then `rest` bytes: exactly the data. */
static ptrdiff_t names_inside(const uint8_t *msg, const fn_dns_record *r, size_t skip, int names, size_t rest,
                              uint8_t *error) {
    size_t at = r->data + skip, end = (size_t)r->data + r->data_len;
    if (r->data_len < skip) return fail(error, FN_DNS_BAD_DATA);
    while (names--) {
        ptrdiff_t taken = data_name(msg, end, at, error);
        if (taken < 0) return taken;
        at += (size_t)taken;
    }
    return end - at == rest ? 0 : fail(error, FN_DNS_BAD_DATA);
}

static ptrdiff_t check_data(const uint8_t *msg, const fn_dns_record *r, uint8_t *error) {
    const uint8_t *p = msg + r->data;
    size_t len = r->data_len;
    int right = 1;
    if (r->type == FN_DNS_OPT) return are_options(p, len) ? 0 : fail(error, FN_DNS_BAD_OPT);
    /* Classes that stand for something else, as in updates, have no data, or any. */
    if (r->rclass != FN_DNS_IN && r->rclass != FN_DNS_CH && r->rclass != FN_DNS_HS) return 0;
    switch (r->type) {
    case FN_DNS_NS:
    case FN_DNS_CNAME:
    case FN_DNS_PTR: return names_inside(msg, r, 0, 1, 0, error);
    case FN_DNS_MX: return names_inside(msg, r, 2, 1, 0, error);
    case FN_DNS_SOA: return names_inside(msg, r, 0, 2, 20, error);
    case FN_DNS_TXT: right = are_strings(p, len, 0); break;
    case FN_DNS_CAA: right = is_certificate_authority(p, len); break;
    default:
        if (r->rclass != FN_DNS_IN) return 0;
        switch (r->type) {
        case FN_DNS_A: right = len == 4; break;
        case FN_DNS_AAAA: right = len == 16; break;
        case FN_DNS_SRV: return names_inside(msg, r, 6, 1, 0, error);
        case FN_DNS_SVCB:
        case FN_DNS_HTTPS: right = is_service(p, len); break;
        default: break;
        }
    }
    return right ? 0 : fail(error, FN_DNS_BAD_DATA);
}

ptrdiff_t fn_dns_scan(fn_dns_message *m, const uint8_t *msg, size_t len, fn_dns_record *records) {
    size_t at = FN_DNS_HEADER_BYTES, known = 0, length, first;
    int has_opt = 0;
    for (int section = 0; section < 4; section++) {
        for (unsigned i = m->count[section]; i; i--, records++) {
            fn_dns_record *r = records;
            /* Most owners are the same pointer as the one before. */
            if (len - at >= 2 && msg[at] >= 0xc0 && known && (u16(msg + at) & 0x3fff) == known) {
                r->name = (uint16_t)known;
                at += 2;
            } else {
                ptrdiff_t taken = walk(msg, len, at, NULL, &length, &first, &m->error);
                if (taken < 0) return taken;
                r->name = (uint16_t)first;
                known = first < at ? (u16(msg + at) & 0x3fff) == first ? first : 0 : 0;
                at += (size_t)taken;
            }
            if (len - at < (section ? 10u : 4u)) return fail(&m->error, FN_DNS_ENDS);
            const uint8_t *p = msg + at;
            r->type = u16(p);
            r->rclass = u16(p + 2);
            r->ttl = 0;
            r->data = r->data_len = 0;
            at += 4;
            if (!section) continue;
            r->ttl = (uint32_t)u16(p + 4) << 16 | u16(p + 6);
            r->data_len = u16(p + 8);
            at += 6;
            r->data = (uint16_t)at;
            if (r->data_len > len - at) return fail(&m->error, FN_DNS_ENDS);
            if (r->type == FN_DNS_OPT && (has_opt++ || section != 3 || msg[r->name]))
                return fail(&m->error, FN_DNS_BAD_OPT);
            if (check_data(msg, r, &m->error)) return FN_INVALID;
            at += r->data_len;
        }
    }
    return at == len ? (ptrdiff_t)at : fail(&m->error, FN_DNS_TRAILING);
}

const char *fn_dns_error_text(int error) {
    static const char *const texts[FN_DNS_ERROR_COUNT] = {
        "no error",
        "the message ends too early",
        "a message has at most 65535 bytes",
        "a name's pointer does not lead back to an earlier name, or is one too many",
        "there is no such kind of label",
        "a name is longer than 255 bytes",
        "the data of a record are not what its type asks for",
        "the OPT record is malformed, there twice, or in a wrong place",
        "there are bytes after the last record",
    };
    return (unsigned)error < FN_DNS_ERROR_COUNT ? texts[error] : "unknown error";
}
