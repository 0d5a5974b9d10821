/* Splitting a URL into its parts: one pass that checks every byte, then one look for each delimiter. */
#include "fastnet/url.h"

#include <string.h>

#include "authority.h"
#include "http1_private.h"

static fn_span span(size_t start, size_t end) {
    fn_span s = {(uint32_t)start, (uint32_t)(end - start)};
    return s;
}

/* Printable ASCII, and each '%' followed by two hex digits. */
static int is_clean(const char *buf, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if ((uint8_t)buf[i] <= 0x20 || (uint8_t)buf[i] >= 0x7f) return 0;
        if (buf[i] != '%') continue;
        if (len - i < 3 || !fn_char_is(buf[i + 1], FN_CHAR_HEX) || !fn_char_is(buf[i + 2], FN_CHAR_HEX)) return 0;
    }
    return 1;
}

/* userinfo@host:port of buf[start:end] */
static int split_authority(fn_url *url, const char *buf, size_t start, size_t end) {
    const char *at = memchr(buf + start, '@', end - start);
    fn_authority authority;
    if (at != NULL) {
        url->userinfo = span(start, (size_t)(at - buf));
        url->has_userinfo = 1;
        start = (size_t)(at - buf) + 1;
    }
    if (fn_authority_parse(&authority, buf + start, end - start) != 0) return -1;
    url->has_authority = 1;
    url->host = span(start + authority.host, start + authority.host + authority.host_len);
    url->port = authority.port;
    url->has_port = authority.has_port;
    return 0;
}

ptrdiff_t fn_url_parse(fn_url *url, const char *buf, size_t len, int authority_only) {
    size_t i = 0, end = len;
    memset(url, 0, sizeof *url);
    if (len == 0 || len > UINT32_MAX || !is_clean(buf, len)) return FN_INVALID;
    if (authority_only) {
        if (split_authority(url, buf, 0, len) != 0 || url->has_userinfo || !url->has_port) return FN_INVALID;
        url->path = url->query = url->fragment = span(len, len);
        return (ptrdiff_t)len;
    }
    if (buf[0] != '/' && !(len == 1 && buf[0] == '*')) {
        i = fn_scheme_len(buf, len);
        if (i == 0) return FN_INVALID;
        url->scheme = span(0, i);
        url->has_scheme = 1;
        i++;
        if (len - i >= 2 && buf[i] == '/' && buf[i + 1] == '/') {
            size_t start = i += 2;
            while (i < len && buf[i] != '/' && buf[i] != '?' && buf[i] != '#') i++;
            if (split_authority(url, buf, start, i) != 0) return FN_INVALID;
        }
    }
    const char *hash = memchr(buf + i, '#', len - i);
    if (hash != NULL) {
        end = (size_t)(hash - buf);
        if (memchr(hash + 1, '#', len - end - 1) != NULL) return FN_INVALID;
        url->fragment = span(end + 1, len);
        url->has_fragment = 1;
    }
    const char *mark = memchr(buf + i, '?', end - i);
    if (mark != NULL) {
        url->query = span((size_t)(mark - buf) + 1, end);
        url->has_query = 1;
        end = (size_t)(mark - buf);
    }
    url->path = span(i, end);
    return (ptrdiff_t)len;
}
