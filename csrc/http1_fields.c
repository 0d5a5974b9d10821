/* What fields and targets mean: the framing and routing that RFC 9110 and 9112 tie to them. Each check looks only
 * at lines that are complete, so it comes at the same byte however the input is cut. */
#include "authority.h"
#include "http1_private.h"

/* The names the parser knows have lengths of their own, so a length leads to the one candidate. */
static const struct {
    const char *name;
    fn_http1_field_id id;
} known[18] = {
    [4] = {"host", FN_HTTP1_HOST},
    [6] = {"expect", FN_HTTP1_EXPECT},
    [7] = {"upgrade", FN_HTTP1_UPGRADE},
    [10] = {"connection", FN_HTTP1_CONNECTION},
    [12] = {"content-type", FN_HTTP1_CONTENT_TYPE},
    [14] = {"content-length", FN_HTTP1_CONTENT_LENGTH},
    [17] = {"transfer-encoding", FN_HTTP1_TRANSFER_ENCODING},
};

FN_INLINE uint64_t word_of(const char *p, size_t len) {
    uint64_t word = 0;
    memcpy(&word, p, len);
    return word;
}

/* Is the text, apart from case, the `len` bytes at `lower`? Only for text without control characters: there, setting
 * bit 5 makes no other character a letter, a digit or '-'. */
FN_INLINE int equals(const char *text, const char *lower, size_t len) {
    uint64_t differing = 0, bits = 0x2020202020202020u;
    if (len < 8) {
        for (size_t i = 0; i < len; i++) differing |= (uint64_t)((text[i] | 0x20) ^ lower[i]);
        return differing == 0;
    }
    for (size_t i = 0; i + 8 < len; i += 8) differing |= (word_of(text + i, 8) | bits) ^ word_of(lower + i, 8);
    return (differing | ((word_of(text + len - 8, 8) | bits) ^ word_of(lower + len - 8, 8))) == 0;
}

uint16_t fn_http1_field_known(const char *name, size_t len) {
    if (len >= sizeof known / sizeof known[0] || known[len].name == NULL) return FN_HTTP1_OTHER;
    return (uint16_t)(equals(name, known[len].name, len) ? known[len].id : FN_HTTP1_OTHER);
}

/* scheme "://" authority, the authority not empty; RFC 9110, section 4.2.4, has a user name in it refused. */
static int is_absolute(const char *target, size_t len) {
    size_t i = fn_scheme_len(target, len);
    if (i == 0 || len - i < 4 || memcmp(target + i, "://", 3) != 0) return 0;
    i += 3;
    size_t start = i;
    while (i < len && target[i] != '/' && target[i] != '?') i++;
    fn_authority authority;
    return fn_authority_parse(&authority, target + start, i - start) == 0 && authority.host_len > 0;
}

int fn_http1_target_form(fn_http1_head *head, const char *buf) {
    const char *method = buf + head->method, *target = buf + head->target;
    size_t len = head->target_len;
    if (head->method_len == 7 && memcmp(method, "CONNECT", 7) == 0) {
        fn_authority authority;
        if (fn_authority_parse(&authority, target, len) != 0 || !authority.has_port || authority.host_len == 0)
            return FN_HTTP1_BAD_TARGET;
        head->target_form = FN_HTTP1_AUTHORITY;
    } else if (len > 0 && target[0] == '/') {
        head->target_form = FN_HTTP1_ORIGIN;
    } else if (len == 1 && target[0] == '*') {
        if (head->method_len != 7 || memcmp(method, "OPTIONS", 7) != 0) return FN_HTTP1_BAD_TARGET;
        head->target_form = FN_HTTP1_ASTERISK;
    } else if (is_absolute(target, len)) {
        head->target_form = FN_HTTP1_ABSOLUTE;
    } else {
        return FN_HTTP1_BAD_TARGET;
    }
    return FN_HTTP1_OK;
}

static int apply_content_length(fn_http1_head *head, const char *value, size_t len) {
    if (head->flags & FN_HTTP1_HAS_LENGTH) return FN_HTTP1_DUPLICATE_LENGTH;
    if (head->flags & FN_HTTP1_CHUNKED) return FN_HTTP1_LENGTH_WITH_CHUNKED;
    if (len < 1 || len > 18) return FN_HTTP1_BAD_CONTENT_LENGTH; /* 18 digits fit 64 bits, signed */
    uint64_t length = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(uint8_t)value[i] - '0';
        if (digit > 9) return FN_HTTP1_BAD_CONTENT_LENGTH;
        length = length * 10 + digit;
    }
    head->content_length = length;
    head->flags |= FN_HTTP1_HAS_LENGTH;
    return FN_HTTP1_OK;
}

/* The next member of a list (RFC 9110, section 5.6.1), without the white space around it: *i goes behind its comma,
 * or to len + 1 behind the last. */
static const char *next_member(const char *value, size_t len, size_t *i, size_t *member_len) {
    while (*i < len && (value[*i] == ' ' || value[*i] == '\t')) ++*i;
    size_t start = *i, end;
    while (*i < len && value[*i] != ',') ++*i;
    for (end = *i; end > start && (value[end - 1] == ' ' || value[end - 1] == '\t'); end--) {}
    ++*i;
    *member_len = end - start;
    return value + start;
}

static size_t token_len(const char *buf, size_t len) {
    size_t i = 0;
    while (i < len && fn_char_is(buf[i], FN_CHAR_TOKEN)) i++;
    return i;
}

/* All Transfer-Encoding lines together must say "chunked" once, last, and nothing else. Stricter than the list rule:
 * an empty member is refused, since others on the way may read such a list otherwise. */
static int apply_transfer_encoding(fn_http1_head *head, const char *value, size_t len) {
    if (head->minor_version == 0) return FN_HTTP1_BAD_TRANSFER_ENCODING;
    if (head->flags & FN_HTTP1_HAS_LENGTH) return FN_HTTP1_LENGTH_WITH_CHUNKED;
    for (size_t i = 0; i <= len;) {
        size_t n;
        const char *coding = next_member(value, len, &i, &n);
        size_t name_len = token_len(coding, n);
        if (name_len == 0 || head->flags & FN_HTTP1_CHUNKED) return FN_HTTP1_BAD_TRANSFER_ENCODING;
        if (name_len != 7 || !equals(coding, "chunked", 7)) {
            /* Another coding, perhaps with parameters: "gzip;level=1". */
            if (name_len == n || coding[name_len] == ';' || coding[name_len] == ' ' || coding[name_len] == '\t')
                return FN_HTTP1_UNKNOWN_TRANSFER;
            return FN_HTTP1_BAD_TRANSFER_ENCODING;
        }
        if (n != 7) return FN_HTTP1_BAD_TRANSFER_ENCODING; /* chunked has no parameters */
        head->flags |= FN_HTTP1_CHUNKED;
    }
    return FN_HTTP1_OK;
}

static int apply_connection(fn_http1_head *head, const char *value, size_t len) {
    if (len == 10 && equals(value, "keep-alive", 10)) { /* what nearly all say */
        head->flags |= FN_HTTP1_KEEP_ALIVE;
        return FN_HTTP1_OK;
    }
    for (size_t i = 0; i <= len;) {
        size_t n;
        const char *option = next_member(value, len, &i, &n);
        if (token_len(option, n) != n) return FN_HTTP1_BAD_CONNECTION;
        if (n == 5 && equals(option, "close", 5)) head->flags |= FN_HTTP1_CLOSE;
        if (n == 10 && equals(option, "keep-alive", 10)) head->flags |= FN_HTTP1_KEEP_ALIVE;
        if (n == 7 && equals(option, "upgrade", 7)) head->connection |= FN_SAW_UPGRADE_OPTION;
    }
    return FN_HTTP1_OK;
}

static int apply_host(fn_http1_head *head, const char *value, size_t len) {
    fn_authority authority;
    if (head->flags & FN_HTTP1_HAS_HOST) return FN_HTTP1_DUPLICATE_HOST;
    if (fn_authority_parse(&authority, value, len) != 0) return FN_HTTP1_BAD_HOST;
    head->host = (uint16_t)head->n_fields;
    head->flags |= FN_HTTP1_HAS_HOST;
    return FN_HTTP1_OK;
}

static int apply_expect(fn_http1_head *head, const char *value, size_t len) {
    if (head->minor_version == 0) return FN_HTTP1_OK; /* RFC 9110, section 10.1.1 */
    if (len != 12 || !equals(value, "100-continue", 12)) return FN_HTTP1_UNKNOWN_EXPECTATION;
    head->flags |= FN_HTTP1_EXPECT_CONTINUE;
    return FN_HTTP1_OK;
}

int fn_http1_apply_field(fn_http1_head *head, const char *buf, const fn_http1_field *field, fn_http1_kind kind) {
    const char *value = buf + field->value;
    size_t len = field->value_len;
    if (kind == FN_TRAILERS) return FN_HTTP1_OK;
    switch (field->id) {
    case FN_HTTP1_CONTENT_LENGTH: return apply_content_length(head, value, len);
    case FN_HTTP1_TRANSFER_ENCODING: return apply_transfer_encoding(head, value, len);
    case FN_HTTP1_CONNECTION: return apply_connection(head, value, len);
    case FN_HTTP1_UPGRADE: head->connection |= FN_SAW_UPGRADE_FIELD; return FN_HTTP1_OK;
    case FN_HTTP1_HOST: return kind == FN_REQUEST ? apply_host(head, value, len) : FN_HTTP1_OK;
    case FN_HTTP1_EXPECT: return kind == FN_REQUEST ? apply_expect(head, value, len) : FN_HTTP1_OK;
    default: return FN_HTTP1_OK;
    }
}
