/* The beginning of a URI: its scheme, and host[:port]. Registered names and IPv4 addresses are checked by their
 * characters, IP literals by their grammar. */
#include "authority.h"

#include <string.h>

#include "http1_private.h"

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* dec-octet "." dec-octet "." dec-octet "." dec-octet */
static int is_ipv4(const char *buf, size_t len) {
    size_t i = 0;
    for (int octet = 0; octet < 4; octet++) {
        unsigned number = 0;
        size_t start = i;
        while (i < len && is_digit(buf[i]) && i - start < 3) number = number * 10 + (unsigned)(buf[i++] - '0');
        if (i == start || number > 255 || (i - start > 1 && buf[start] == '0')) return 0;
        if (octet < 3 && (i == len || buf[i++] != '.')) return 0;
    }
    return i == len;
}

/* IPv6address: eight groups of one to four hex digits, the last two of which may be an IPv4 address; one "::"
 * stands for at least one group. */
static int is_ipv6(const char *buf, size_t len) {
    int groups = 0, elided = 0;
    size_t i = 0;
    if (len >= 2 && buf[0] == ':' && buf[1] == ':') {
        elided = 1;
        i = 2;
    }
    while (i < len) {
        size_t start = i;
        while (i < len && i - start < 4 && fn_char_is(buf[i], FN_CHAR_HEX)) i++;
        if (i < len && buf[i] == '.') {
            if (!is_ipv4(buf + start, len - start)) return 0;
            groups += 2;
            break;
        }
        if (i == start) return 0;
        groups++;
        if (i == len) break;
        if (buf[i++] != ':' || i == len) return 0;
        if (buf[i] == ':') {
            if (elided) return 0;
            elided = 1;
            i++;
        }
    }
    return elided ? groups < 8 : groups == 8;
}

/* IPvFuture: "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static int is_ip_future(const char *buf, size_t len) {
    size_t i = 1;
    if (len == 0 || (buf[0] | 0x20) != 'v') return 0;
    while (i < len && fn_char_is(buf[i], FN_CHAR_HEX)) i++;
    if (i == 1 || i == len || buf[i++] != '.' || i == len) return 0;
    for (; i < len; i++) {
        if (buf[i] != ':' && !fn_char_is(buf[i], FN_CHAR_HOST)) return 0;
    }
    return 1;
}

int fn_authority_parse(fn_authority *out, const char *buf, size_t len) {
    size_t i = 0;
    memset(out, 0, sizeof *out);
    if (len == 0) return 0;
    if (buf[0] == '[') {
        const char *close = memchr(buf, ']', len);
        if (close == NULL) return -1;
        i = (size_t)(close - buf);
        if (!is_ipv6(buf + 1, i - 1) && !is_ip_future(buf + 1, i - 1)) return -1;
        out->host = 1;
        out->host_len = (uint32_t)(i - 1);
        i++;
    } else {
        while (i < len) {
            if (fn_char_is(buf[i], FN_CHAR_HOST)) {
                i++;
            } else if (buf[i] == '%' && len - i >= 3 && fn_char_is(buf[i + 1], FN_CHAR_HEX) &&
                       fn_char_is(buf[i + 2], FN_CHAR_HEX)) {
                i += 3;
            } else {
                break;
            }
        }
        if (i == 0) return -1;
        out->host_len = (uint32_t)i;
    }
    if (i == len) return 0;
    if (buf[i++] != ':') return -1;
    out->has_colon = 1;
    out->has_port = i < len;
    unsigned port = 0;
    for (; i < len; i++) {
        if (!is_digit(buf[i])) return -1;
        port = port * 10 + (unsigned)(buf[i] - '0');
        if (port > UINT16_MAX) return -1;
    }
    out->port = (uint16_t)port;
    return 0;
}

size_t fn_scheme_len(const char *buf, size_t len) {
    size_t i = 0;
    for (; i < len && buf[i] != ':'; i++) {
        char c = buf[i];
        int letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) return 0;
    }
    return i < len ? i : 0;
}
