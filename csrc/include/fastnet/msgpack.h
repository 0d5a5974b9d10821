/* MessagePack (the specification of 2017, with bin, ext and timestamps): headers read and written one at a time,
 * whole objects skipped or checked in pieces of any size, arrays of one C type read and written whole.
 *
 * A header is what stands before the bytes of a str, bin or ext, and before the items of an array or map; of a number,
 * nil or a truth value it is all of it. */
#ifndef FASTNET_MSGPACK_H
#define FASTNET_MSGPACK_H

#include <string.h>

#include "fastnet/base.h"

FN_BEGIN

typedef enum {
    FN_MSGPACK_NIL = 0,
    FN_MSGPACK_FALSE,
    FN_MSGPACK_TRUE,
    FN_MSGPACK_UINT,   /* value.u */
    FN_MSGPACK_INT,    /* value.i, which may be positive all the same */
    FN_MSGPACK_FLOAT,  /* value.f, of either precision */
    FN_MSGPACK_STR,    /* `length` bytes follow */
    FN_MSGPACK_BIN,    /* `length` bytes follow */
    FN_MSGPACK_EXT,    /* `length` bytes follow, of the type `ext_type` */
    FN_MSGPACK_ARRAY,  /* `length` objects follow */
    FN_MSGPACK_MAP     /* `length` pairs of objects follow */
} fn_msgpack_kind;

typedef struct {
    fn_msgpack_kind kind;
    int8_t ext_type;
    uint32_t length;
    union {
        uint64_t u;
        int64_t i;
        double f;
    } value;
} fn_msgpack_head;

enum {
    FN_MSGPACK_HEAD_MAX = 9,       /* bytes of the longest header */
    FN_MSGPACK_TIMESTAMP_MAX = 15, /* bytes of the longest timestamp, header and all */
    FN_MSGPACK_TIMESTAMP = -1      /* its ext type */
};

/* --- reading ------------------------------------------------------------------------------------------------------ */

static inline uint16_t fn_msgpack_load16(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t fn_msgpack_load32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static inline uint64_t fn_msgpack_load64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline double fn_msgpack_load_float(const uint8_t *p) {
    uint32_t bits = fn_msgpack_load32(p);
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static inline double fn_msgpack_load_double(const uint8_t *p) {
    uint64_t bits = fn_msgpack_load64(p);
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

/* Bytes of the header that begins with `first`, with the type byte of an ext; 0 for 0xc1, which begins nothing. */
static inline unsigned fn_msgpack_head_size(uint8_t first) {
    static const uint8_t size[32] = {1, 0, 1, 1, 2, 3, 5, 3, 4, 6, 5, 9, 2, 3, 5, 9,
                                     2, 3, 5, 9, 2, 2, 2, 2, 2, 2, 3, 5, 3, 5, 3, 5};
    return first >= 0xc0 && first < 0xe0 ? size[first - 0xc0] : 1;
}

/* Reads the header at buf. Returns its bytes, FN_PARTIAL, or FN_INVALID (0xc1). */
static inline ptrdiff_t fn_msgpack_read(const void *buf, size_t len, fn_msgpack_head *head) {
    const uint8_t *p = (const uint8_t *)buf;
    if (len == 0) return FN_PARTIAL;
    uint8_t first = p[0];
    if (first < 0x80) {
        head->kind = FN_MSGPACK_UINT;
        head->value.u = first;
        return 1;
    }
    if (first >= 0xe0) {
        head->kind = FN_MSGPACK_INT;
        head->value.i = (int8_t)first;
        return 1;
    }
    if (first < 0xc0) {
        head->kind = first >= 0xa0 ? FN_MSGPACK_STR : first >= 0x90 ? FN_MSGPACK_ARRAY : FN_MSGPACK_MAP;
        head->length = first & (first >= 0xa0 ? 0x1f : 0x0f);
        return 1;
    }
    unsigned size = fn_msgpack_head_size(first);
    if (size == 0) return FN_INVALID;
    if (len < size) return FN_PARTIAL;
    switch (first) {
    case 0xc0: head->kind = FN_MSGPACK_NIL; break;
    case 0xc2: head->kind = FN_MSGPACK_FALSE; break;
    case 0xc3: head->kind = FN_MSGPACK_TRUE; break;
    case 0xc4: head->kind = FN_MSGPACK_BIN; head->length = p[1]; break;
    case 0xc5: head->kind = FN_MSGPACK_BIN; head->length = fn_msgpack_load16(p + 1); break;
    case 0xc6: head->kind = FN_MSGPACK_BIN; head->length = fn_msgpack_load32(p + 1); break;
    case 0xc7: head->kind = FN_MSGPACK_EXT; head->length = p[1]; head->ext_type = (int8_t)p[2]; break;
    case 0xc8:
        head->kind = FN_MSGPACK_EXT;
        head->length = fn_msgpack_load16(p + 1);
        head->ext_type = (int8_t)p[3];
        break;
    case 0xc9:
        head->kind = FN_MSGPACK_EXT;
        head->length = fn_msgpack_load32(p + 1);
        head->ext_type = (int8_t)p[5];
        break;
    case 0xca: head->kind = FN_MSGPACK_FLOAT; head->value.f = fn_msgpack_load_float(p + 1); break;
    case 0xcb: head->kind = FN_MSGPACK_FLOAT; head->value.f = fn_msgpack_load_double(p + 1); break;
    case 0xcc: head->kind = FN_MSGPACK_UINT; head->value.u = p[1]; break;
    case 0xcd: head->kind = FN_MSGPACK_UINT; head->value.u = fn_msgpack_load16(p + 1); break;
    case 0xce: head->kind = FN_MSGPACK_UINT; head->value.u = fn_msgpack_load32(p + 1); break;
    case 0xcf: head->kind = FN_MSGPACK_UINT; head->value.u = fn_msgpack_load64(p + 1); break;
    case 0xd0: head->kind = FN_MSGPACK_INT; head->value.i = (int8_t)p[1]; break;
    case 0xd1: head->kind = FN_MSGPACK_INT; head->value.i = (int16_t)fn_msgpack_load16(p + 1); break;
    case 0xd2: head->kind = FN_MSGPACK_INT; head->value.i = (int32_t)fn_msgpack_load32(p + 1); break;
    case 0xd3: head->kind = FN_MSGPACK_INT; head->value.i = (int64_t)fn_msgpack_load64(p + 1); break;
    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
        head->kind = FN_MSGPACK_EXT;
        head->length = 1u << (first - 0xd4);
        head->ext_type = (int8_t)p[1];
        break;
    case 0xd9: head->kind = FN_MSGPACK_STR; head->length = p[1]; break;
    case 0xda: head->kind = FN_MSGPACK_STR; head->length = fn_msgpack_load16(p + 1); break;
    case 0xdb: head->kind = FN_MSGPACK_STR; head->length = fn_msgpack_load32(p + 1); break;
    case 0xdc: head->kind = FN_MSGPACK_ARRAY; head->length = fn_msgpack_load16(p + 1); break;
    case 0xdd: head->kind = FN_MSGPACK_ARRAY; head->length = fn_msgpack_load32(p + 1); break;
    case 0xde: head->kind = FN_MSGPACK_MAP; head->length = fn_msgpack_load16(p + 1); break;
    default: head->kind = FN_MSGPACK_MAP; head->length = fn_msgpack_load32(p + 1); break;
    }
    return (ptrdiff_t)size;
}

/* The time that the bytes of an ext of type FN_MSGPACK_TIMESTAMP hold. Returns len, or FN_INVALID for a length that
 * is not 4, 8 or 12, or more than 999,999,999 nanoseconds. */
static inline ptrdiff_t fn_msgpack_read_timestamp(const void *buf, size_t len, int64_t *seconds, uint32_t *nanoseconds) {
    const uint8_t *p = (const uint8_t *)buf;
    uint64_t both;
    switch (len) {
    case 4:
        *seconds = fn_msgpack_load32(p);
        *nanoseconds = 0;
        return 4;
    case 8:
        both = fn_msgpack_load64(p);
        *seconds = (int64_t)(both & 0x3ffffffff);
        *nanoseconds = (uint32_t)(both >> 34);
        break;
    case 12:
        *nanoseconds = fn_msgpack_load32(p);
        *seconds = (int64_t)fn_msgpack_load64(p + 4);
        break;
    default: return FN_INVALID;
    }
    return *nanoseconds < 1000000000 ? (ptrdiff_t)len : FN_INVALID;
}

/* --- writing: each returns the bytes it wrote, FN_MSGPACK_HEAD_MAX at most, in the shortest form ------------------- */

static inline void fn_msgpack_store16(uint8_t *out, uint16_t value) {
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static inline void fn_msgpack_store32(uint8_t *out, uint32_t value) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    memcpy(out, &value, 4);
}

static inline void fn_msgpack_store64(uint8_t *out, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(out, &value, 8);
}

static inline size_t fn_msgpack_put_uint(uint8_t *out, uint64_t value) {
    if (value < 0x80) return out[0] = (uint8_t)value, 1;
    if (value < 0x100) return out[0] = 0xcc, out[1] = (uint8_t)value, 2;
    if (value < 0x10000) return out[0] = 0xcd, fn_msgpack_store16(out + 1, (uint16_t)value), 3;
    if (value < 0x100000000u) return out[0] = 0xce, fn_msgpack_store32(out + 1, (uint32_t)value), 5;
    return out[0] = 0xcf, fn_msgpack_store64(out + 1, value), 9;
}

static inline size_t fn_msgpack_put_int(uint8_t *out, int64_t value) {
    if (value >= 0) return fn_msgpack_put_uint(out, (uint64_t)value);
    if (value >= -0x20) return out[0] = (uint8_t)value, 1;
    if (value >= -0x80) return out[0] = 0xd0, out[1] = (uint8_t)value, 2;
    if (value >= -0x8000) return out[0] = 0xd1, fn_msgpack_store16(out + 1, (uint16_t)value), 3;
    if (value >= -0x7fffffff - 1) return out[0] = 0xd2, fn_msgpack_store32(out + 1, (uint32_t)value), 5;
    return out[0] = 0xd3, fn_msgpack_store64(out + 1, (uint64_t)value), 9;
}

static inline size_t fn_msgpack_put_double(uint8_t *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return out[0] = 0xcb, fn_msgpack_store64(out + 1, bits), 9;
}

static inline size_t fn_msgpack_put_float(uint8_t *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return out[0] = 0xca, fn_msgpack_store32(out + 1, bits), 5;
}

/* A length after one of three type bytes, the first of which stands for one byte of length. */
static inline size_t fn_msgpack_put_length(uint8_t *out, uint8_t type8, uint32_t length) {
    if (length < 0x100) return out[0] = type8, out[1] = (uint8_t)length, 2;
    if (length < 0x10000) return out[0] = (uint8_t)(type8 + 1), fn_msgpack_store16(out + 1, (uint16_t)length), 3;
    return out[0] = (uint8_t)(type8 + 2), fn_msgpack_store32(out + 1, length), 5;
}

/* `str8`: 0 for peers from before 2013, which do not know its type 0xd9. */
static inline size_t fn_msgpack_put_str(uint8_t *out, uint32_t length, int str8) {
    if (length < 0x20) return out[0] = (uint8_t)(0xa0 | length), 1;
    if (length < 0x100 && !str8) return out[0] = 0xda, fn_msgpack_store16(out + 1, (uint16_t)length), 3;
    return fn_msgpack_put_length(out, 0xd9, length);
}

static inline size_t fn_msgpack_put_bin(uint8_t *out, uint32_t length) {
    return fn_msgpack_put_length(out, 0xc4, length);
}

static inline size_t fn_msgpack_put_ext(uint8_t *out, int8_t ext_type, uint32_t length) {
    size_t n = 1;
    switch (length) {
    case 1: out[0] = 0xd4; break;
    case 2: out[0] = 0xd5; break;
    case 4: out[0] = 0xd6; break;
    case 8: out[0] = 0xd7; break;
    case 16: out[0] = 0xd8; break;
    default: n = fn_msgpack_put_length(out, 0xc7, length);
    }
    out[n] = (uint8_t)ext_type;
    return n + 1;
}

static inline size_t fn_msgpack_put_array(uint8_t *out, uint32_t length) {
    if (length < 0x10) return out[0] = (uint8_t)(0x90 | length), 1;
    if (length < 0x10000) return out[0] = 0xdc, fn_msgpack_store16(out + 1, (uint16_t)length), 3;
    return out[0] = 0xdd, fn_msgpack_store32(out + 1, length), 5;
}

static inline size_t fn_msgpack_put_map(uint8_t *out, uint32_t length) {
    if (length < 0x10) return out[0] = (uint8_t)(0x80 | length), 1;
    if (length < 0x10000) return out[0] = 0xde, fn_msgpack_store16(out + 1, (uint16_t)length), 3;
    return out[0] = 0xdf, fn_msgpack_store32(out + 1, length), 5;
}

/* Header and bytes of a timestamp; nanoseconds below 1,000,000,000. At most FN_MSGPACK_TIMESTAMP_MAX bytes. */
static inline size_t fn_msgpack_put_timestamp(uint8_t *out, int64_t seconds, uint32_t nanoseconds) {
    size_t n;
    if ((uint64_t)seconds >> 34) {
        n = fn_msgpack_put_ext(out, FN_MSGPACK_TIMESTAMP, 12);
        fn_msgpack_store32(out + n, nanoseconds);
        fn_msgpack_store64(out + n + 4, (uint64_t)seconds);
        return n + 12;
    }
    uint64_t both = (uint64_t)nanoseconds << 34 | (uint64_t)seconds;
    if (both >> 32) {
        n = fn_msgpack_put_ext(out, FN_MSGPACK_TIMESTAMP, 8);
        fn_msgpack_store64(out + n, both);
        return n + 8;
    }
    n = fn_msgpack_put_ext(out, FN_MSGPACK_TIMESTAMP, 4);
    fn_msgpack_store32(out + n, (uint32_t)both);
    return n + 4;
}

/* --- whole objects ------------------------------------------------------------------------------------------------ */

/* One object on its way past. `left` is the caller's, of `depth_most` numbers: how deep containers may be nested. */
typedef struct {
    uint64_t *left;      /* objects still to come, a container */
    uint32_t depth, depth_most;
    uint32_t payload;    /* bytes still to come of a str, bin or ext */
    size_t consumed;     /* bytes that the last call was done with; give it those after them next */
    uint8_t utf8;        /* whether a str has to be UTF-8 (RFC 3629); its bytes are then awaited whole */
    uint8_t done;
} fn_msgpack_walk;

static inline void fn_msgpack_walk_init(fn_msgpack_walk *walk, uint64_t *left, uint32_t depth_most, int utf8) {
    memset(walk, 0, sizeof *walk);
    walk->left = left;
    walk->depth_most = depth_most;
    walk->utf8 = utf8 != 0;
}

/* Goes past one object. Returns the bytes that this call consumed of it when it has ended; FN_PARTIAL when more are
 * needed, after walk->consumed of these; FN_INVALID at walk->consumed: a wrong header, a wrong str, or, when
 * walk->depth is walk->depth_most, a container too many. To begin anew, call fn_msgpack_walk_init(). */
ptrdiff_t fn_msgpack_skip(fn_msgpack_walk *walk, const void *buf, size_t len);

/* Whether these bytes are UTF-8: no surrogates, nothing overlong, nothing over U+10FFFF. */
int fn_msgpack_utf8(const void *buf, size_t len);

/* --- arrays of one C type ----------------------------------------------------------------------------------------- */

typedef enum {
    FN_MSGPACK_I8 = 0,
    FN_MSGPACK_U8,
    FN_MSGPACK_I16,
    FN_MSGPACK_U16,
    FN_MSGPACK_I32,
    FN_MSGPACK_U32,
    FN_MSGPACK_I64,
    FN_MSGPACK_U64,
    FN_MSGPACK_F32,
    FN_MSGPACK_F64
} fn_msgpack_type;

/* Bytes of an item; written it takes one more at most. */
static inline size_t fn_msgpack_type_size(fn_msgpack_type type) {
    static const uint8_t size[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return size[type];
}

/* Writes n items, without an array's header, to out, which has room for n * (size of an item + 1) bytes. Integers take
 * their shortest form; floats keep their precision. Returns the bytes written. */
size_t fn_msgpack_put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n);

/* Reads n items that follow an array's header. Integers of every form that fit the type; into floats, floats and
 * integers whose value the type holds exactly. Returns the bytes consumed; FN_PARTIAL; FN_INVALID for an item that
 * does not fit. *items_read says how many were read in each case. */
ptrdiff_t fn_msgpack_read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t len,
                                size_t *items_read);

FN_END

#endif
