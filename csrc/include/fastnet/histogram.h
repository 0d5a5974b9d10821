/* HDR histograms: counts of values over a wide range at a fixed relative precision, in memory of a fixed size.
 *
 * A value between `lowest` and `highest` falls into a bucket no wider than value / 10^digits. Recording is a few
 * instructions and no branch that depends on earlier values. The layout of the buckets, and the encoded form, are
 * those of HdrHistogram (its version 2), so that histograms of other tools can be read and merged, and ours by them.
 * Not safe to share: each thread records into its own, and they are merged. */
#ifndef FASTNET_HISTOGRAM_H
#define FASTNET_HISTOGRAM_H

#include "fastnet/base.h"

FN_BEGIN

#define FN_HISTOGRAM_MAX_DIGITS 5
/* Bytes of the header in the encoded form, and its first four bytes, big-endian. */
#define FN_HISTOGRAM_HEADER_BYTES 40
#define FN_HISTOGRAM_COOKIE 0x1c849313u
/* The same for the compressed form: this cookie, the length of the rest (4 bytes), then the encoded form by zlib. */
#define FN_HISTOGRAM_COMPRESSED_COOKIE 0x1c849314u

typedef struct {
    uint64_t lowest;     /* smallest value told from 0; 1 or more */
    uint64_t highest;    /* at least 2 * lowest, below 2^63 */
    uint32_t digits;     /* significant decimal digits, 1 to FN_HISTOGRAM_MAX_DIGITS */
} fn_histogram_range;

typedef struct {
    fn_histogram_range range;
    uint64_t total;      /* how many values */
    uint64_t min, max;   /* of the values recorded, exactly; 0 when there are none */
    uint64_t over;       /* how many were above `highest`, and were recorded as that */
    /* private */
    uint64_t *counts;
    uint64_t mask;
    uint32_t n_counts;
    uint8_t unit_magnitude, half_magnitude;
} fn_histogram;

/* Bytes that the counts of such a histogram take (aligned to 8), or 0: there can be none of this range. */
size_t fn_histogram_size(const fn_histogram_range *range);
/* An empty histogram over `memory`, which stays the caller's. Returns 0, or -1 for an impossible range. */
int fn_histogram_init(fn_histogram *h, const fn_histogram_range *range, void *memory);
void fn_histogram_reset(fn_histogram *h);

void fn_histogram_record(fn_histogram *h, uint64_t value, uint64_t count);
/* For values that were due every `interval` and held each other up: also value - interval, value - 2 * interval, ...
 * down to interval, which those that were not sent would have seen. With interval 0 only the value. */
void fn_histogram_record_corrected(fn_histogram *h, uint64_t value, uint64_t interval);
/* Add all of `from`, which may have another range: then each value is as exact as the coarser of both. */
void fn_histogram_merge(fn_histogram *h, const fn_histogram *from);

/* Smallest and largest value that share the bucket of `value`. */
uint64_t fn_histogram_lower(const fn_histogram *h, uint64_t value);
uint64_t fn_histogram_upper(const fn_histogram *h, uint64_t value);

/* The least value that `percentile` (0 to 100) percent of all values do not exceed: the upper end of its bucket, but
 * never more than max. 0 when the histogram is empty. */
uint64_t fn_histogram_percentile(const fn_histogram *h, double percentile);
/* How many values fell into the bucket of `value` or below. */
uint64_t fn_histogram_count_to(const fn_histogram *h, uint64_t value);
/* Of the middles of the buckets; 0 when empty. The variance is that of the population. */
double fn_histogram_mean(const fn_histogram *h);
double fn_histogram_variance(const fn_histogram *h);

typedef struct {
    uint64_t lower, upper;   /* values of the bucket, both included */
    uint64_t count;
} fn_histogram_bucket;

/* The next bucket that is not empty; begin with *index = 0. Returns 1, or 0 when there is none left. */
int fn_histogram_next(const fn_histogram *h, uint32_t *index, fn_histogram_bucket *bucket);

/* The encoded form (header and counts, not compressed). `size` bytes of `out` are at least
 * fn_histogram_encoded_max(h). Returns the bytes written, or FN_INVALID: too little room, or a count over 2^63-1. */
size_t fn_histogram_encoded_max(const fn_histogram *h);
ptrdiff_t fn_histogram_encode(const fn_histogram *h, void *out, size_t size);

/* Read the range out of the header, so that the caller can find memory (fn_histogram_size) and init. Returns
 * FN_HISTOGRAM_HEADER_BYTES, FN_PARTIAL or FN_INVALID (another cookie, an impossible range, a normalized or scaled
 * histogram). */
ptrdiff_t fn_histogram_decode_header(const void *buf, size_t len, fn_histogram_range *range);
/* Then add what is encoded to `h`, an empty one of just that range. Returns the bytes consumed, header included,
 * FN_PARTIAL, or FN_INVALID: counts out of range, below 0 or adding up to more than 2^63-1. Unless it succeeds, `h` is
 * left empty. min and max are the ends of the outermost buckets. */
ptrdiff_t fn_histogram_decode(fn_histogram *h, const void *buf, size_t len);

FN_END

#endif
