/* Arrays of one C type, as MessagePack. */
#include "msgpack_private.h"

#define PUT(name, ctype, put)                                                                                          \
    static size_t put_##name(uint8_t *out, const void *items, size_t n) {                                              \
        const uint8_t *from = items;                                                                                   \
        uint8_t *at = out;                                                                                             \
        for (size_t i = 0; i < n; i++, from += sizeof(ctype)) {                                                        \
            ctype value;                                                                                               \
            memcpy(&value, from, sizeof value);                                                                        \
            at += put(at, value);                                                                                      \
        }                                                                                                              \
        return (size_t)(at - out);                                                                                     \
    }

PUT(i8, int8_t, fn_msgpack_put_int)
PUT(u8, uint8_t, fn_msgpack_put_uint)
PUT(i16, int16_t, fn_msgpack_put_int)
PUT(u16, uint16_t, fn_msgpack_put_uint)
PUT(f32, float, fn_msgpack_put_float)

/* Numbers that take 32 bits are the usual ones of these types: they are tried first, and written by one store. It
 * reaches three bytes past the five, where there is room as long as another item comes. */
#define PUT_WIDE(name, ctype, put)                                                                                     \
    static size_t put_##name(uint8_t *out, const void *items, size_t n) {                                              \
        const uint8_t *from = items;                                                                                   \
        uint8_t *at = out;                                                                                             \
        for (size_t i = 0; i < n; i++, from += sizeof(ctype)) {                                                        \
            ctype value;                                                                                               \
            memcpy(&value, from, sizeof value);                                                                        \
            if (FN_LIKELY((uint64_t)value - 0x10000 < 0xffff0000u && i + 1 < n)) {                                     \
                uint64_t both = (uint64_t)0xce << 56 | (uint64_t)(uint32_t)value << 24;                                \
                fn_msgpack_store64(at, both);                                                                          \
                at += 5;                                                                                               \
            } else {                                                                                                   \
                at += put(at, value);                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        return (size_t)(at - out);                                                                                     \
    }

PUT_WIDE(i32, int32_t, fn_msgpack_put_int)
PUT_WIDE(u32, uint32_t, fn_msgpack_put_uint)
PUT_WIDE(i64, int64_t, fn_msgpack_put_int)
PUT_WIDE(u64, uint64_t, fn_msgpack_put_uint)

PUT(f64, double, fn_msgpack_put_double)

typedef size_t (*put_function)(uint8_t *out, const void *items, size_t n);
typedef ptrdiff_t (*read_function)(void *items, size_t n, const uint8_t *p, const uint8_t *end, size_t *read);

static const put_function put[] = {put_i8,  put_u8,  put_i16, put_u16, put_i32,
                                   put_u32, put_i64, put_u64, put_f32, put_f64};

#if defined(__x86_64__)
/* What a vector did not take, the others of its items among it, goes one by one, as many at a time. */
enum { ONE_BY_ONE = 16 };

/* Bytes of an item in a vector. */
FN_INLINE size_t vector_width(fn_msgpack_type type) {
    return type == FN_MSGPACK_F64 ? 9 : 5;
}

static size_t put_by_vectors(uint8_t *out, fn_msgpack_type type, const uint8_t *items, size_t n) {
    const size_t size = fn_msgpack_type_size(type);
    uint8_t *at = out;
    for (size_t i = 0; i < n;) {
        size_t done = fn_msgpack_put_vectors_avx512(at, type, items + i * size, n - i);
        at += done * vector_width(type);
        i += done;
        size_t few = n - i < ONE_BY_ONE ? n - i : ONE_BY_ONE;
        at += put[type](at, items + i * size, few);
        i += few;
    }
    return (size_t)(at - out);
}
#endif

size_t fn_msgpack_put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n) {
#if defined(__x86_64__)
    if (type >= FN_MSGPACK_I32 && fn_cpu_now() == FN_CPU_AVX512) return put_by_vectors(out, type, items, n);
#endif
    return put[type](out, items, n);
}

/* Whether the number at hand is an integer from least to most, and which. */
FN_INLINE int fits_int(const fn_msgpack_head *head, int64_t least, uint64_t most, uint64_t *value) {
    *value = head->value.u;
    if (head->kind == FN_MSGPACK_UINT) return head->value.u <= most;
    if (head->kind != FN_MSGPACK_INT) return 0;
    return head->value.i >= 0 ? head->value.u <= most : head->value.i >= least;
}

/* Whether the number at hand has a value that a float of this many bits of mantissa holds, and which. */
FN_INLINE int fits_float(const fn_msgpack_head *head, int single, double *value) {
    if (head->kind == FN_MSGPACK_UINT) {
        *value = (double)head->value.u;
        if (*value >= 18446744073709551616.0 || (uint64_t)*value != head->value.u) return 0;
    } else if (head->kind == FN_MSGPACK_INT) {
        *value = (double)head->value.i;
        if (*value >= 9223372036854775808.0 || (int64_t)*value != head->value.i) return 0;
    } else if (head->kind == FN_MSGPACK_FLOAT) {
        *value = head->value.f;
    } else {
        return 0;
    }
    /* A double too large for a float must not be converted. What is no number stays none. */
    if (!single || *value != *value) return 1;
    double size = *value < 0 ? -*value : *value;
    if (size > 3.4028234663852886e38 && size <= 1.7976931348623157e308) return 0;
    return (double)(float)*value == *value;
}

/* A number of 1 to 8 bytes at p, of which nine can be read: returns its header's bytes, or 0 for what is none. */
FN_INLINE ptrdiff_t quick_int(const uint8_t *p, fn_msgpack_head *head) {
    uint8_t first = p[0];
    if (first >= 0xcc && first <= 0xd3) {
        unsigned bytes = 1u << (first & 3), rest = 64 - 8 * bytes;
        uint64_t value = fn_msgpack_load64(p + 1);
        head->kind = first < 0xd0 ? FN_MSGPACK_UINT : FN_MSGPACK_INT;
        head->value.u = first < 0xd0 ? value >> rest : (uint64_t)((int64_t)value >> rest);
        return 1 + (ptrdiff_t)bytes;
    }
    head->kind = first < 0x80 ? FN_MSGPACK_UINT : FN_MSGPACK_INT;
    head->value.i = (int8_t)first;
    return first < 0x80 || first >= 0xe0;
}

#define READ_INTS(name, ctype, least, most)                                                                            \
    static ptrdiff_t read_##name(void *items, size_t n, const uint8_t *p, const uint8_t *end, size_t *read) {          \
        const uint8_t *begin = p;                                                                                      \
        uint8_t *out = items;                                                                                          \
        for (size_t i = 0; i < n; i++, out += sizeof(ctype)) {                                                         \
            fn_msgpack_head head;                                                                                      \
            uint64_t value;                                                                                            \
            ptrdiff_t size = end - p >= FN_MSGPACK_HEAD_MAX ? quick_int(p, &head) : 0;                                 \
            if (size == 0) size = fn_msgpack_read(p, (size_t)(end - p), &head);                                        \
            *read = i;                                                                                                 \
            if (size < 0) return size;                                                                                 \
            if (!fits_int(&head, least, most, &value)) return FN_INVALID;                                              \
            ctype item = (ctype)value;                                                                                 \
            memcpy(out, &item, sizeof item);                                                                           \
            p += size;                                                                                                 \
        }                                                                                                              \
        *read = n;                                                                                                     \
        return p - begin;                                                                                              \
    }

READ_INTS(i8, int8_t, INT8_MIN, INT8_MAX)
READ_INTS(u8, uint8_t, 0, UINT8_MAX)
READ_INTS(i16, int16_t, INT16_MIN, INT16_MAX)
READ_INTS(u16, uint16_t, 0, UINT16_MAX)
READ_INTS(i32, int32_t, INT32_MIN, INT32_MAX)
READ_INTS(u32, uint32_t, 0, UINT32_MAX)
READ_INTS(i64, int64_t, INT64_MIN, INT64_MAX)
READ_INTS(u64, uint64_t, 0, UINT64_MAX)

#define READ_FLOATS(name, ctype, bits, load, single)                                                                   \
    static ptrdiff_t read_##name(void *items, size_t n, const uint8_t *p, const uint8_t *end, size_t *read) {          \
        const uint8_t *begin = p;                                                                                      \
        uint8_t *out = items;                                                                                          \
        for (size_t i = 0; i < n; i++, out += sizeof(ctype)) {                                                         \
            fn_msgpack_head head;                                                                                      \
            double value;                                                                                              \
            if (end - p > (ptrdiff_t)sizeof(ctype) && p[0] == (single ? 0xca : 0xcb)) {                                \
                /* Its bits as they are, those of what is no number too. */                                            \
                bits same = load(p + 1);                                                                               \
                memcpy(out, &same, sizeof same);                                                                       \
                p += 1 + sizeof same;                                                                                  \
                continue;                                                                                              \
            }                                                                                                          \
            ptrdiff_t size = fn_msgpack_read(p, (size_t)(end - p), &head);                                             \
            *read = i;                                                                                                 \
            if (size < 0) return size;                                                                                 \
            if (!fits_float(&head, single, &value)) return FN_INVALID;                                                 \
            ctype item = (ctype)value;                                                                                 \
            memcpy(out, &item, sizeof item);                                                                           \
            p += size;                                                                                                 \
        }                                                                                                              \
        *read = n;                                                                                                     \
        return p - begin;                                                                                              \
    }

READ_FLOATS(f32, float, uint32_t, fn_msgpack_load32, 1)
READ_FLOATS(f64, double, uint64_t, fn_msgpack_load64, 0)

static const read_function read_one_by_one[] = {read_i8,  read_u8,  read_i16, read_u16, read_i32,
                                                read_u32, read_i64, read_u64, read_f32, read_f64};

#if defined(__x86_64__)
static ptrdiff_t read_by_vectors(fn_msgpack_type type, uint8_t *items, size_t n, const uint8_t *p, const uint8_t *end,
                                 size_t *read) {
    const size_t size = fn_msgpack_type_size(type);
    const uint8_t *begin = p;
    *read = 0;
    for (size_t i = 0; i < n;) {
        size_t done = fn_msgpack_read_vectors_avx512(items + i * size, type, p, (size_t)(end - p), n - i);
        p += done * vector_width(type);
        i += done;
        size_t few = n - i < ONE_BY_ONE ? n - i : ONE_BY_ONE;
        ptrdiff_t bytes = read_one_by_one[type](items + i * size, few, p, end, &done);
        i += done;
        *read = i;
        if (bytes < 0) return bytes;
        p += bytes;
    }
    return p - begin;
}
#endif

ptrdiff_t fn_msgpack_read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t len,
                                size_t *items_read) {
    const uint8_t *p = buf, *end = p + len;
#if defined(__x86_64__)
    if (type >= FN_MSGPACK_I32 && fn_cpu_now() == FN_CPU_AVX512)
        return read_by_vectors(type, items, n, p, end, items_read);
#endif
    return read_one_by_one[type](items, n, p, end, items_read);
}
