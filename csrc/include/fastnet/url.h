/* Generic URI syntax (RFC 3986), split into its parts. */
#ifndef FASTNET_URL_H
#define FASTNET_URL_H

#include "fastnet/base.h"

FN_BEGIN

typedef struct {
    uint32_t start, len;
} fn_span;

/* has_X tells an empty part ("?" with nothing behind) from a missing one. */
typedef struct {
    fn_span scheme, userinfo, host, path, query, fragment; /* host without the brackets of an IPv6 literal */
    uint16_t port;
    uint8_t has_scheme, has_authority, has_userinfo, has_port, has_query, has_fragment;
} fn_url;

/* Split buf[0:len]: scheme://userinfo@host:port/path?query#fragment, an origin-form target (/path?query; two slashes
 * begin no authority there), "*", or, with authority_only, host:port as in CONNECT. Returns len, or FN_INVALID: a
 * control, space or non-ASCII byte, '%' not followed by two hex digits, a bad host or a port outside 0 to 65535. */
ptrdiff_t fn_url_parse(fn_url *url, const char *buf, size_t len, int authority_only);

FN_END

#endif
