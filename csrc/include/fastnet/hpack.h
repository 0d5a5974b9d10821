/* HPACK (RFC 7541): header lists of HTTP/2, packed and unpacked, with a dynamic table in the caller's memory.
 *
 * A table serves one direction of one connection. Its memory is given once and never grows. Strings are bounded by the
 * block they come in and by the room for what they become; a list by the limits of the call. A list over its limits is
 * still read to the end, so that the table stays what the peer thinks it is. */
#ifndef FASTNET_HPACK_H
#define FASTNET_HPACK_H

#include "fastnet/base.h"

FN_BEGIN

enum {
    FN_HPACK_STATIC = 61,         /* entries of the static table */
    FN_HPACK_OVERHEAD = 32,       /* what an entry, or a field of a list, counts beyond its bytes (section 4.1) */
    FN_HPACK_MOST = 65536,        /* the largest table there can be */
    FN_HPACK_LONGEST = 1 << 24    /* no integer in a block may be larger */
};

typedef enum {
    FN_HPACK_OK = 0,
    FN_HPACK_BAD_INDEX,     /* 0, or beyond both tables */
    FN_HPACK_BAD_INTEGER,   /* over FN_HPACK_LONGEST, or in more bytes than that needs */
    FN_HPACK_BAD_HUFFMAN,   /* end-of-string inside, padding of 8 bits or more, or of zeros */
    FN_HPACK_BAD_UPDATE,    /* a table size update over the limit, or behind a field */
    FN_HPACK_CUT,           /* the block ends inside a field */
    FN_HPACK_NO_ROOM        /* a single field is larger than the room for it */
} fn_hpack_error;

/* What is known of a field. */
enum {
    FN_HPACK_NEVER = 1,     /* it is a secret: never to be indexed, by nobody (section 7.1.3) */
    FN_HPACK_UPPER = 2,     /* its name has an upper-case letter */
    FN_HPACK_ADDED = 4      /* it was put into the dynamic table: `place` is where */
};

typedef struct {
    uint32_t at;            /* in the table's bytes: name, then value */
    uint32_t name_len, value_len;
    uint32_t hash;          /* of name and value; encoder only */
    uint32_t flags;
} fn_hpack_entry;

typedef struct {
    char *bytes;
    fn_hpack_entry *entries;   /* a ring of `slots` */
    uint32_t slots, newest, count;
    uint32_t limit;            /* what the table was made for */
    uint32_t most;             /* decoder: the size that updates may not exceed */
    uint32_t max_size, size;   /* as section 4 counts them */
    uint32_t used;             /* of bytes */
    uint32_t lowest;           /* encoder: the smallest size since the last block */
    uint32_t changes;          /* insertions and evictions so far, modulo 2^32 */
    uint8_t update;            /* encoder: the next block begins with a size update */
    uint8_t error;             /* fn_hpack_error after FN_INVALID */
} fn_hpack_table;

/* Bytes of memory for a table of `limit` bytes, aligned as malloc() aligns. */
#define FN_HPACK_MEMORY(limit) (((size_t)(limit) / FN_HPACK_OVERHEAD + 1) * sizeof(fn_hpack_entry) + 2 * (size_t)(limit))

/* `limit` is at most FN_HPACK_MOST. */
void fn_hpack_init(fn_hpack_table *table, void *memory, uint32_t limit);

/* One field of a list, as offsets into the room it was written to. */
typedef struct {
    uint32_t name, name_len, value, value_len;
    uint16_t index;            /* 1 to 61: it is this static entry, whole, or (FN_HPACK_ADDED too) has its name */
    uint16_t flags;
    uint32_t place;            /* dynamic: its slot in the ring; valid if from_table or FN_HPACK_ADDED */
    uint8_t from_table;        /* 1: name and value are the static entry; 2: the dynamic one at `place` */
} fn_hpack_field;

typedef struct {
    uint32_t max_bytes;        /* of a list, with FN_HPACK_OVERHEAD for each field */
    uint32_t max_fields;
} fn_hpack_limits;

/* Unpack a whole block. Each field becomes a line, "name: value" CR LF, in out[0:room]; fields[0:limits->max_fields]
 * say where its parts are. Returns how many fields there are, or FN_INVALID (table->error), after which the table is
 * of no use any more. *over is set if the list is over its limits; then what it returned is of no use, but the
 * table is. `room` must be at least max_bytes; a field that ends beyond it is FN_HPACK_NO_ROOM. *used is the bytes
 * written. */
ptrdiff_t fn_hpack_decode(fn_hpack_table *table, const char *block, size_t len, char *out, size_t room,
                          fn_hpack_field *fields, const fn_hpack_limits *limits, size_t *used, int *over);

/* Encoder: the peer's table may have this size from now on. The next block says so. */
void fn_hpack_resize(fn_hpack_table *table, uint32_t size);

/* How a field that is in no table is sent. */
typedef enum { FN_HPACK_INDEX, FN_HPACK_PLAIN, FN_HPACK_SECRET, FN_HPACK_BY_NAME } fn_hpack_policy;

/* What FN_HPACK_BY_NAME does with a field of this name (lower-case): secrets are not compressed, what differs from
 * message to message is not indexed. */
fn_hpack_policy fn_hpack_policy_of(const char *name, size_t name_len, size_t value_len);

/* Room that a field, and the beginning of a block, may take. */
#define FN_HPACK_ROOM(name_len, value_len) ((size_t)(name_len) + (value_len) + 16)
#define FN_HPACK_BEGIN_ROOM 12

/* Begin a block; then each field, in order. Each returns the bytes written. */
size_t fn_hpack_begin(fn_hpack_table *table, char *out);
size_t fn_hpack_encode(fn_hpack_table *table, char *out, const char *name, size_t name_len, const char *value,
                       size_t value_len, fn_hpack_policy policy);

/* The Huffman code by itself (section 5.2). Decoding gives the bytes written, FN_INVALID for a wrong string, or
 * FN_PARTIAL if room is too small. */
size_t fn_hpack_huffman_size(const char *text, size_t len);
size_t fn_hpack_huffman_encode(char *out, const char *text, size_t len);
ptrdiff_t fn_hpack_huffman_decode(char *out, size_t room, const char *coded, size_t len);

FN_END

#endif
