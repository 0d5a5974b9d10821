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

static size_t put_f64(uint8_t *out, const void *items, size_t n) {
    const uint8_t *from = items;
    size_t done = 0;
#if defined(__x86_64__)
    if (fn_cpu_now() == FN_CPU_AVX512) done = fn_msgpack_put_f64_avx512(out, from, n);
#endif
    for (; done < n; done++) {
        double value;
        memcpy(&value, from + 8 * done, 8);
        fn_msgpack_put_double(out + 9 * done, value);
    }
    return 9 * n;
}

size_t fn_msgpack_put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n) {
    switch (type) {
    case FN_MSGPACK_I8: return put_i8(out, items, n);
    case FN_MSGPACK_U8: return put_u8(out, items, n);
    case FN_MSGPACK_I16: return put_i16(out, items, n);
    case FN_MSGPACK_U16: return put_u16(out, items, n);
    case FN_MSGPACK_I32: return put_i32(out, items, n);
    case FN_MSGPACK_U32: return put_u32(out, items, n);
    case FN_MSGPACK_I64: return put_i64(out, items, n);
    case FN_MSGPACK_U64: return put_u64(out, items, n);
    case FN_MSGPACK_F32: return put_f32(out, items, n);
    default: return put_f64(out, items, n);
    }
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

ptrdiff_t fn_msgpack_read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t len,
                                size_t *items_read) {
    const uint8_t *p = buf, *end = p + len;
    switch (type) {
    case FN_MSGPACK_I8: return read_i8(items, n, p, end, items_read);
    case FN_MSGPACK_U8: return read_u8(items, n, p, end, items_read);
    case FN_MSGPACK_I16: return read_i16(items, n, p, end, items_read);
    case FN_MSGPACK_U16: return read_u16(items, n, p, end, items_read);
    case FN_MSGPACK_I32: return read_i32(items, n, p, end, items_read);
    case FN_MSGPACK_U32: return read_u32(items, n, p, end, items_read);
    case FN_MSGPACK_I64: return read_i64(items, n, p, end, items_read);
    case FN_MSGPACK_U64: return read_u64(items, n, p, end, items_read);
    case FN_MSGPACK_F32: return read_f32(items, n, p, end, items_read);
    default: return read_f64(items, n, p, end, items_read);
    }
}
