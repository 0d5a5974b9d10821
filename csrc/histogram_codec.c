/* The encoded form of HDR histograms, version 2: a big-endian header, then every count up to the largest value's as a
 * zig-zag LEB128 number of at most nine bytes, a run of n empty buckets being the number -n. */
#include "fastnet/histogram.h"

#include <string.h>

enum { MOST_BYTES_OF_COUNT = 9 };

static void put_be(uint8_t *out, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(value >> 8 * (n - 1 - i));
}

static uint64_t get_be(const uint8_t *buf, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | buf[i];
    return value;
}

/* Seven bits a byte, the lowest first; the ninth byte, if there is one, holds eight. */
static size_t put_number(uint8_t *out, int64_t number) {
    uint64_t left = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    size_t n = 0;
    while (left >= 0x80 && n < MOST_BYTES_OF_COUNT - 1) {
        out[n++] = (uint8_t)(left | 0x80);
        left >>= 7;
    }
    out[n++] = (uint8_t)left;
    return n;
}

/* Returns the bytes read, or 0: more are needed. */
static size_t get_number(const uint8_t *buf, size_t len, int64_t *number) {
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        int last = i == MOST_BYTES_OF_COUNT - 1;
        value |= (uint64_t)(last ? buf[i] : buf[i] & 0x7f) << 7 * i;
        if (last || !(buf[i] & 0x80)) {
            *number = (int64_t)(value >> 1 ^ (0 - (value & 1)));
            return i + 1;
        }
    }
    return 0;
}

size_t fn_histogram_encoded_max(const fn_histogram *h) {
    return FN_HISTOGRAM_HEADER_BYTES + (size_t)h->n_counts * MOST_BYTES_OF_COUNT;
}

ptrdiff_t fn_histogram_encode(const fn_histogram *h, void *out, size_t size) {
    uint8_t *p = out, *counts = p + FN_HISTOGRAM_HEADER_BYTES;
    const double ratio = 1;
    uint64_t ratio_bits;
    uint32_t n = h->n_counts;
    if (size < fn_histogram_encoded_max(h)) return FN_INVALID;
    while (n > 0 && h->counts[n - 1] == 0) n--;
    for (uint32_t i = 0; i < n;) {
        uint32_t run = i;
        if (h->counts[i] > INT64_MAX) return FN_INVALID;
        while (run < n && h->counts[run] == 0) run++;
        counts += put_number(counts, run > i + 1 ? -(int64_t)(run - i) : (int64_t)h->counts[i]);
        i = run > i ? run : i + 1;
    }
    memcpy(&ratio_bits, &ratio, sizeof ratio_bits);
    put_be(p, FN_HISTOGRAM_COOKIE, 4);
    put_be(p + 4, (uint64_t)(counts - p) - FN_HISTOGRAM_HEADER_BYTES, 4);
    put_be(p + 8, 0, 4); /* normalizing index offset */
    put_be(p + 12, h->range.digits, 4);
    put_be(p + 16, h->range.lowest, 8);
    put_be(p + 24, h->range.highest, 8);
    put_be(p + 32, ratio_bits, 8);
    return counts - p;
}

ptrdiff_t fn_histogram_decode_header(const void *buf, size_t len, fn_histogram_range *range) {
    const uint8_t *p = buf;
    double ratio;
    uint64_t ratio_bits;
    if (len >= 4 && get_be(p, 4) != FN_HISTOGRAM_COOKIE) return FN_INVALID;
    if (len < FN_HISTOGRAM_HEADER_BYTES) return FN_PARTIAL;
    range->digits = (uint32_t)get_be(p + 12, 4);
    range->lowest = get_be(p + 16, 8);
    range->highest = get_be(p + 24, 8);
    ratio_bits = get_be(p + 32, 8);
    memcpy(&ratio, &ratio_bits, sizeof ratio);
    if (get_be(p + 8, 4) != 0 || ratio != 1 || fn_histogram_size(range) == 0) return FN_INVALID;
    return FN_HISTOGRAM_HEADER_BYTES;
}

static ptrdiff_t decode_counts(fn_histogram *h, const uint8_t *p, size_t len) {
    size_t at = 0;
    uint32_t index = 0, first = h->n_counts, last = 0;
    while (at < len) {
        int64_t number;
        size_t n = get_number(p + at, len - at, &number);
        if (n == 0) return FN_INVALID; /* the payload ends within a number */
        at += n;
        if (number < 0) {
            if (number < -(int64_t)(h->n_counts - index)) return FN_INVALID;
            index += (uint32_t)-number;
            continue;
        }
        if (index == h->n_counts || (uint64_t)number > INT64_MAX - h->total) return FN_INVALID;
        h->counts[index] = (uint64_t)number;
        h->total += (uint64_t)number;
        if (number) {
            first = first < index ? first : index;
            last = index;
        }
        index++;
    }
    fn_histogram_bucket bucket;
    if (h->total) {
        fn_histogram_next(h, &first, &bucket);
        h->min = bucket.lower;
        fn_histogram_next(h, &last, &bucket);
        h->max = bucket.upper < h->range.highest ? bucket.upper : h->range.highest;
        /* The last bucket may reach beyond `highest`, and so may begin there. */
        if (h->max < bucket.lower) return FN_INVALID;
    }
    return (ptrdiff_t)at;
}

ptrdiff_t fn_histogram_decode(fn_histogram *h, const void *buf, size_t len) {
    fn_histogram_range range;
    ptrdiff_t header = fn_histogram_decode_header(buf, len, &range);
    if (header < 0) return header;
    if (range.lowest != h->range.lowest || range.highest != h->range.highest || range.digits != h->range.digits)
        return FN_INVALID;
    size_t payload = (size_t)get_be((const uint8_t *)buf + 4, 4);
    if (payload > fn_histogram_encoded_max(h) - FN_HISTOGRAM_HEADER_BYTES) return FN_INVALID;
    if (len - FN_HISTOGRAM_HEADER_BYTES < payload) return FN_PARTIAL;
    if (h->total || decode_counts(h, (const uint8_t *)buf + header, payload) < 0) {
        fn_histogram_reset(h);
        return FN_INVALID;
    }
    return header + (ptrdiff_t)payload;
}
