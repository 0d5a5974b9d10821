/* Private: the beginning of a URI, its scheme, and host[:port] as in a Host field, an authority-form target or a URL
 * (RFC 3986, sections 3.1 and 3.2). */
#ifndef FASTNET_AUTHORITY_H
#define FASTNET_AUTHORITY_H

#include "cpu_level.h"

typedef struct {
    uint32_t host, host_len; /* without the brackets of an IP literal */
    uint16_t port;           /* 0 when there is none */
    uint8_t has_colon;       /* there is a ':' after the host */
    uint8_t has_port;        /* ... and digits behind it */
} fn_authority;

/* Parse buf[0:len]. The host may be empty only if nothing else is there. Returns 0, or -1: a character that no host
 * has, a bad IPv6 address, or a port that is not digits from 0 to 65535. */
FN_HIDDEN int fn_authority_parse(fn_authority *out, const char *buf, size_t len);

/* Length of the scheme when buf begins with one and a colon, or 0. */
FN_HIDDEN size_t fn_scheme_len(const char *buf, size_t len);

#endif
