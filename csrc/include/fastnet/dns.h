/* DNS messages: what stands where in one, names with their compression, and writing them.
 *
 *     fn_dns_message m; fn_dns_record records[64];
 *     if (fn_dns_header(&m, msg, len) < 0 || fn_dns_count(&m) > 64) ...;
 *     ptrdiff_t n = fn_dns_scan(&m, msg, len, records);
 *
 * n is len: all questions and records, in order, are in `records`, and every name and all data of a known type in them
 * are well formed, so that what reads them later cannot fail. FN_PARTIAL: the message ends too early. FN_INVALID:
 * m.error says how it is bad.
 *
 * A name in wire form is labels, each after its length, and a zero at the end: 1 to 255 bytes. In a message the rest of
 * a name may be a pointer to where it stood before (RFC 1035, section 4.1.4). Each pointer must point to before the
 * place that it continues, never into the header, and there are at most FN_DNS_POINTERS_MAX in a name: there are no
 * loops, and a name is read in bounded time. */
#ifndef FASTNET_DNS_H
#define FASTNET_DNS_H

#include "fastnet/base.h"

FN_BEGIN

enum {
    FN_DNS_HEADER_BYTES = 12,
    FN_DNS_MESSAGE_MAX = 65535,
    FN_DNS_NAME_MAX = 255,
    FN_DNS_LABEL_MAX = 63,
    FN_DNS_POINTERS_MAX = 127, /* a name cannot have more labels */
    FN_DNS_TEXT_MAX = 1024     /* of a name as text: four characters a byte */
};

typedef enum {
    FN_DNS_OK = 0,
    FN_DNS_ENDS,          /* told as FN_PARTIAL */
    FN_DNS_TOO_LONG,      /* the message */
    FN_DNS_BAD_POINTER,   /* forward, to itself, into the header, or one too many */
    FN_DNS_BAD_LABEL,     /* of a kind that does not exist */
    FN_DNS_NAME_TOO_LONG,
    FN_DNS_BAD_DATA,      /* the data of a record are not what their type asks for */
    FN_DNS_BAD_OPT,       /* twice, not among the additional records, or not at the root */
    FN_DNS_TRAILING,      /* bytes after the last record */
    FN_DNS_ERROR_COUNT
} fn_dns_error;

/* Types with data that are known; all others are opaque (RFC 3597). */
enum {
    FN_DNS_A = 1, FN_DNS_NS = 2, FN_DNS_CNAME = 5, FN_DNS_SOA = 6, FN_DNS_PTR = 12, FN_DNS_MX = 15, FN_DNS_TXT = 16,
    FN_DNS_AAAA = 28, FN_DNS_SRV = 33, FN_DNS_OPT = 41, FN_DNS_SVCB = 64, FN_DNS_HTTPS = 65, FN_DNS_CAA = 257
};
enum { FN_DNS_IN = 1, FN_DNS_CH = 3, FN_DNS_HS = 4 };

typedef struct {
    uint16_t id, flags;
    uint16_t count[4]; /* questions, answers, authorities, additionals: as the header has them */
    uint8_t error;     /* fn_dns_error */
} fn_dns_message;

/* A record, or a question, whose ttl, data and data_len are 0. Places are offsets into the message. */
typedef struct {
    uint16_t name; /* where its first label stands: behind the pointer, if it is no more than one */
    uint16_t type, rclass;
    uint16_t data, data_len;
    uint32_t ttl;
} fn_dns_record;

/* Reads the header. Returns its bytes, FN_PARTIAL, or FN_INVALID for a message over FN_DNS_MESSAGE_MAX. */
ptrdiff_t fn_dns_header(fn_dns_message *m, const uint8_t *msg, size_t len);

/* Questions and records that the header announces: as many must fit what fn_dns_scan() is given. */
size_t fn_dns_count(const fn_dns_message *m);

/* After fn_dns_header(), with the same bytes. */
ptrdiff_t fn_dns_scan(fn_dns_message *m, const uint8_t *msg, size_t len, fn_dns_record *records);

/* The name at msg[at], written in wire form to name, unless that is NULL; its length to *name_len. Returns the bytes
 * that it takes at `at`, FN_PARTIAL, or FN_INVALID with *error. */
ptrdiff_t fn_dns_name(const uint8_t *msg, size_t len, size_t at, uint8_t *name, size_t *name_len, uint8_t *error);

/* --- names in wire form --- */

/* ASCII capitals made small (RFC 4343); in place, too. */
void fn_dns_fold(uint8_t *out, const uint8_t *name, size_t len);
/* Without regard to case. Returns 1 for equal. */
int fn_dns_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
uint32_t fn_dns_hash(const uint8_t *name, size_t len, uint32_t seed);

/* As text with a dot at the end (RFC 1035, section 5.1): \DDD for what is not printable, a backslash before special
 * characters. Returns the characters, at most FN_DNS_TEXT_MAX. */
size_t fn_dns_name_to_text(const uint8_t *name, size_t len, char *text);
/* The other way; the dot at the end may be missing. Returns the bytes written to name[FN_DNS_NAME_MAX], or FN_INVALID:
 * an empty label, a long one, a long name, or a backslash without what it escapes. */
ptrdiff_t fn_dns_name_from_text(const char *text, size_t len, uint8_t *name);

/* --- writing --- */

#define FN_DNS_SLOTS 256

/* What is written into buf[0:room], which is the caller's. The table finds names that stand there already, byte for
 * byte, so that case is kept; a message with more of them than it holds is merely longer. */
typedef struct {
    uint8_t *buf;
    size_t room, used;
    size_t named; /* private: slots in use */
    uint16_t slots[FN_DNS_SLOTS];
} fn_dns_writer;

void fn_dns_write_begin(fn_dns_writer *w, uint8_t *buf, size_t room);
/* Each returns 0, or -1 and writes nothing when there is no room. */
int fn_dns_write_bytes(fn_dns_writer *w, const void *data, size_t len);
int fn_dns_write_u16(fn_dns_writer *w, uint16_t value);
int fn_dns_write_u32(fn_dns_writer *w, uint32_t value);
/* A name in wire form; with `compress`, its end as a pointer to where it stands already. */
int fn_dns_write_name(fn_dns_writer *w, const uint8_t *name, size_t len, int compress);
/* Takes back what was written past `used`. */
void fn_dns_write_rewind(fn_dns_writer *w, size_t used);

const char *fn_dns_error_text(int error);

FN_END

#endif
