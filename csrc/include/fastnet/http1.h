/* HTTP/1.1 messages (RFC 9112, with the field rules of RFC 9110), strictly.
 *
 * The caller keeps the bytes of a head in one contiguous buffer whose first byte is the first byte of the head, and
 * calls again with the same buffer, longer, for as long as the answer is FN_PARTIAL. The struct remembers how far it
 * got, so no byte is scanned twice; the buffer itself may move between calls, since everything is an offset. Every
 * limit is enforced while parsing, not after. However the input is cut, a head gives the same parts or the same
 * error: the one that the first offending byte proves. */
#ifndef FASTNET_HTTP1_H
#define FASTNET_HTTP1_H

#include "fastnet/base.h"

FN_BEGIN

/* Everything a message may have wrong. fn_http1_error_status() gives the answer to send. */
typedef enum {
    FN_HTTP1_OK = 0,
    FN_HTTP1_BAD_METHOD,            /* 400: not a token, or not followed by one space */
    FN_HTTP1_BAD_TARGET,            /* 400: none of the four forms, a control or non-ASCII byte, a '#', a bad %xx */
    FN_HTTP1_BAD_VERSION,           /* 400: not HTTP/digit.digit */
    FN_HTTP1_UNSUPPORTED_VERSION,   /* 505: well-formed, but neither 1.0 nor 1.1 */
    FN_HTTP1_BAD_STATUS,            /* response: not 100 to 599 and a space, or a control in the reason */
    FN_HTTP1_BAD_LINE_END,          /* 400: a bare CR or a bare LF */
    FN_HTTP1_BAD_FIELD_NAME,        /* 400: empty, not a token, or white space before the colon */
    FN_HTTP1_BAD_FIELD_VALUE,       /* 400: NUL or another control character but HTAB */
    FN_HTTP1_OBS_FOLD,              /* 400: a field line that begins with white space */
    FN_HTTP1_MISSING_HOST,          /* 400: HTTP/1.1 request without Host */
    FN_HTTP1_DUPLICATE_HOST,        /* 400 */
    FN_HTTP1_BAD_HOST,              /* 400: not host[:port], and not empty */
    FN_HTTP1_BAD_CONTENT_LENGTH,    /* 400: anything but 1 to 18 digits */
    FN_HTTP1_DUPLICATE_LENGTH,      /* 400: a second Content-Length, equal or not */
    FN_HTTP1_LENGTH_WITH_CHUNKED,   /* 400: Content-Length beside Transfer-Encoding */
    FN_HTTP1_BAD_TRANSFER_ENCODING, /* 400: chunked not final, or twice, or with an empty member; or in a 1.0 message */
    FN_HTTP1_UNKNOWN_TRANSFER,      /* 501: a coding other than chunked */
    FN_HTTP1_UNKNOWN_EXPECTATION,   /* 417: anything but 100-continue */
    FN_HTTP1_BAD_CONNECTION,        /* 400: Connection is not a list of tokens */
    FN_HTTP1_LINE_TOO_LONG,         /* 414: request line over max_line (response: status line) */
    FN_HTTP1_HEAD_TOO_LARGE,        /* 431: field section over max_head */
    FN_HTTP1_TOO_MANY_FIELDS,       /* 431: more field lines than max_fields */
    FN_HTTP1_BAD_CHUNK_SIZE,        /* 400: not 1 to 15 hex digits */
    FN_HTTP1_BAD_CHUNK_EXTENSION,   /* 400: a control character in it */
    FN_HTTP1_CHUNK_EXTENSIONS_TOO_LONG, /* 413: over max_extensions in one body */
    FN_HTTP1_BAD_CHUNK_END,         /* 400: chunk data not followed by CRLF */
    FN_HTTP1_ERROR_COUNT
} fn_http1_error;

/* The status code that answers the error, and one sentence, in English, for a person. */
int fn_http1_error_status(int error);
const char *fn_http1_error_text(int error);

/* Fields that the parser understands; others have id 0. */
typedef enum {
    FN_HTTP1_OTHER = 0,
    FN_HTTP1_HOST,
    FN_HTTP1_CONTENT_LENGTH,
    FN_HTTP1_CONTENT_TYPE,
    FN_HTTP1_TRANSFER_ENCODING,
    FN_HTTP1_CONNECTION,
    FN_HTTP1_EXPECT,
    FN_HTTP1_UPGRADE
} fn_http1_field_id;

/* One field line: 16 bytes. The value has no white space around it. */
typedef struct {
    uint32_t name;       /* offset of the name */
    uint32_t value;      /* offset of the value */
    uint32_t value_len;
    uint16_t name_len;
    uint16_t id;         /* fn_http1_field_id */
} fn_http1_field;

typedef struct {
    uint32_t max_line;   /* bytes of the request or status line, CRLF not counted */
    uint32_t max_head;   /* bytes of all field lines, each with its CRLF; the empty line not counted */
    uint32_t max_fields; /* field lines, at most 65535; the caller's array has room for these */
} fn_http1_limits;

/* What a head says. */
enum {
    FN_HTTP1_HAS_LENGTH = 1,     /* content_length is set */
    FN_HTTP1_CHUNKED = 2,        /* Transfer-Encoding: chunked */
    FN_HTTP1_CLOSE = 4,          /* Connection has the option close */
    FN_HTTP1_KEEP_ALIVE = 8,     /* Connection has the option keep-alive */
    FN_HTTP1_EXPECT_CONTINUE = 16, /* Expect: 100-continue, in a 1.1 request */
    FN_HTTP1_WANTS_UPGRADE = 32, /* Connection has the option upgrade, and there is an Upgrade field */
    FN_HTTP1_HAS_HOST = 64
};

/* Form of a request target (RFC 9112, section 3.2). */
enum { FN_HTTP1_ORIGIN = 0, FN_HTTP1_ABSOLUTE = 1, FN_HTTP1_AUTHORITY = 2, FN_HTTP1_ASTERISK = 3 };

/* A head: its parts, and how far parsing got. Begin with fn_http1_head_init(). */
typedef struct {
    uint32_t method, method_len;   /* request; the method begins after any leading CRLF */
    uint32_t target, target_len;   /* request */
    uint32_t query;                /* request: offset of the first '?' in the target, or of the target's end */
    uint32_t reason, reason_len;   /* response; may be empty */
    uint16_t status;               /* response */
    uint8_t minor_version;         /* 0 or 1 */
    uint8_t target_form;           /* request */
    uint32_t flags;                /* FN_HTTP1_HAS_LENGTH ... */
    uint32_t n_fields;
    uint64_t content_length;
    uint16_t host;                 /* index of the Host field; valid with FN_HTTP1_HAS_HOST */
    uint16_t error;                /* fn_http1_error after FN_INVALID */
    /* private: where to go on */
    uint32_t pos;                  /* start of the element being read */
    uint32_t scan;                 /* bytes up to here hold no end of that element */
    uint32_t fields_start;         /* offset of the first field line */
    uint8_t state;
    uint8_t connection;            /* what Connection and Upgrade said so far */
} fn_http1_head;

void fn_http1_head_init(fn_http1_head *head);

/* Parse a request head (request line, field lines, empty line) of buf[0:len].
 * Returns its length in bytes, FN_PARTIAL or FN_INVALID (head->error). Empty lines before the request
 * line are accepted and counted in the length, and against max_line. After a full head `fields` holds
 * head->n_fields entries; `fields` must be the same array, or a copy of it, on every call for one head. */
ptrdiff_t fn_http1_parse_request(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                 const fn_http1_limits *limits);

/* The same for a response head (status line, field lines, empty line). */
ptrdiff_t fn_http1_parse_response(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                  const fn_http1_limits *limits);

/* The same for a trailer section (field lines and the empty line that ends a chunked body).
 * Known fields are given their id, but none is acted on: trailers never change the framing. */
ptrdiff_t fn_http1_parse_trailers(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                  const fn_http1_limits *limits);

/* Decoder of one chunked body, up to and with the line of the last chunk; the trailer section that
 * follows is fn_http1_parse_trailers()'s. Zero the struct to begin. */
typedef struct {
    uint64_t remaining;  /* data bytes of the current chunk still to come */
    uint32_t extensions; /* bytes of chunk extensions so far, in the whole body */
    uint8_t state;       /* private */
    uint8_t digits;      /* private: hex digits of the size so far */
    uint8_t done;        /* the last chunk's line has been read */
    uint8_t error;       /* fn_http1_error after FN_INVALID */
} fn_http1_chunked;

/* Decode from buf[0:len], up to and with the first run of data bytes, the last chunk's line, or the end of
 * the input. Returns the bytes consumed (all of them, or up to the end of the run) or FN_INVALID; never
 * FN_PARTIAL. *data and *data_len are the run inside the consumed bytes; *data_len is 0 when there is none.
 * Call again with the rest until `done` or the input is used up. */
ptrdiff_t fn_http1_decode_chunked(fn_http1_chunked *state, const char *buf, size_t len, uint32_t max_extensions,
                                  size_t *data, size_t *data_len);

/* Offset of the first byte that may not stand in a field value (a control character other than HTAB),
 * or len. For those who write heads: a value in which this finds one must not be sent. */
size_t fn_http1_scan_value(const char *buf, size_t len);
/* Offset of the first byte that is no token character (RFC 9110, section 5.6.2), or len. */
size_t fn_http1_scan_token(const char *buf, size_t len);
/* Copy buf to out with A-Z made a-z. */
void fn_http1_lower(char *out, const char *buf, size_t len);

FN_END

#endif
