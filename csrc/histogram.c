/* Buckets of HDR histograms: recording, merging, percentiles.
 *
 * Bucket 0 has 2^(half_magnitude + 1) sub-buckets, each 2^unit_magnitude wide; every further bucket doubles the width
 * and, since its lower half is what the one before it covers, adds 2^half_magnitude sub-buckets. */
#include "fastnet/histogram.h"

#include <string.h>

static uint32_t floor_log2(uint64_t value) {
    return 63u - (uint32_t)__builtin_clzll(value);
}

/* The layout, without memory. Returns the number of counts, or 0. */
static uint32_t plan(fn_histogram *h, const fn_histogram_range *range) {
    if (range->lowest < 1 || range->lowest > (uint64_t)INT64_MAX / 2 || range->highest < 2 * range->lowest ||
        range->highest > INT64_MAX || range->digits < 1 || range->digits > FN_HISTOGRAM_MAX_DIGITS)
        return 0;
    uint64_t exact = 2; /* integers up to here are told apart */
    for (uint32_t i = 0; i < range->digits; i++) exact *= 10;
    uint32_t magnitude = floor_log2(exact - 1) + 1;
    uint32_t unit = floor_log2(range->lowest);
    if (unit + magnitude > 61) return 0;
    h->range = *range;
    h->half_magnitude = (uint8_t)(magnitude - 1);
    h->unit_magnitude = (uint8_t)unit;
    h->mask = (((uint64_t)1 << magnitude) - 1) << unit;
    uint32_t buckets = 1;
    while (unit + magnitude + buckets - 1 < 63 && (uint64_t)1 << (unit + magnitude + buckets - 1) <= range->highest)
        buckets++;
    return (buckets + 1) << h->half_magnitude;
}

size_t fn_histogram_size(const fn_histogram_range *range) {
    fn_histogram h;
    return plan(&h, range) * sizeof *h.counts;
}

int fn_histogram_init(fn_histogram *h, const fn_histogram_range *range, void *memory) {
    uint32_t n = plan(h, range);
    if (n == 0) return -1;
    h->counts = memory;
    h->n_counts = n;
    fn_histogram_reset(h);
    return 0;
}

void fn_histogram_reset(fn_histogram *h) {
    memset(h->counts, 0, h->n_counts * sizeof *h->counts);
    h->total = h->min = h->max = h->over = 0;
}

/* How often the width of the value's sub-bucket is doubled beyond 1. */
static uint32_t shift_of(const fn_histogram *h, uint64_t value) {
    return floor_log2(value | h->mask) - h->half_magnitude;
}

static uint32_t index_of(const fn_histogram *h, uint64_t value) {
    uint32_t shift = shift_of(h, value);
    /* (bucket + 1) * half + (sub - half), where sub is at least half except in bucket 0 */
    return ((shift - h->unit_magnitude) << h->half_magnitude) + (uint32_t)(value >> shift);
}

static uint64_t value_of(const fn_histogram *h, uint32_t index, uint32_t *shift) {
    uint32_t half = (uint32_t)1 << h->half_magnitude, bucket = index >> h->half_magnitude;
    if (bucket) bucket--;
    uint64_t sub = bucket ? (index & (half - 1)) + half : index;
    *shift = bucket + h->unit_magnitude;
    return sub << *shift;
}

uint64_t fn_histogram_lower(const fn_histogram *h, uint64_t value) {
    uint32_t shift = shift_of(h, value);
    return value >> shift << shift;
}

uint64_t fn_histogram_upper(const fn_histogram *h, uint64_t value) {
    return fn_histogram_lower(h, value) + (((uint64_t)1 << shift_of(h, value)) - 1);
}

void fn_histogram_record(fn_histogram *h, uint64_t value, uint64_t count) {
    if (count == 0) return;
    if (value > h->range.highest) {
        value = h->range.highest;
        h->over += count;
    }
    h->counts[index_of(h, value)] += count;
    if (h->total == 0 || value < h->min) h->min = value;
    if (value > h->max) h->max = value;
    h->total += count;
}

void fn_histogram_record_corrected(fn_histogram *h, uint64_t value, uint64_t interval) {
    fn_histogram_record(h, value, 1);
    if (interval == 0) return;
    if (value > h->range.highest) value = h->range.highest;
    for (; value >= 2 * interval; value -= interval) fn_histogram_record(h, value - interval, 1);
}

void fn_histogram_merge(fn_histogram *h, const fn_histogram *from) {
    fn_histogram_bucket bucket;
    if (from->total == 0) return;
    uint64_t min = h->total && h->min < from->min ? h->min : from->min;
    uint64_t max = h->max > from->max ? h->max : from->max;
    h->over += from->over;
    if (h->mask == from->mask && h->n_counts >= from->n_counts) {
        for (uint32_t i = 0; i < from->n_counts; i++) h->counts[i] += from->counts[i];
        h->total += from->total;
    } else {
        for (uint32_t i = 0; fn_histogram_next(from, &i, &bucket);)
            fn_histogram_record(h, bucket.lower + (bucket.upper - bucket.lower) / 2, bucket.count);
    }
    h->min = min < h->range.highest ? min : h->range.highest;
    h->max = max < h->range.highest ? max : h->range.highest;
}

int fn_histogram_next(const fn_histogram *h, uint32_t *index, fn_histogram_bucket *bucket) {
    for (; *index < h->n_counts; ++*index) {
        if (h->counts[*index] == 0) continue;
        uint32_t shift;
        bucket->count = h->counts[*index];
        bucket->lower = value_of(h, *index, &shift);
        bucket->upper = bucket->lower + (((uint64_t)1 << shift) - 1);
        ++*index;
        return 1;
    }
    return 0;
}

uint64_t fn_histogram_percentile(const fn_histogram *h, double percentile) {
    fn_histogram_bucket bucket;
    double share = percentile < 0 ? 0 : percentile > 100 ? 1 : percentile / 100;
    /* A hair less, so that the rounding of 99.9 / 100 does not ask for one value more. */
    double wanted = share * (double)h->total * (1 - 1e-15);
    uint64_t seen = 0, rank = (uint64_t)wanted;
    if ((double)rank < wanted || rank == 0) rank++;
    if (share == 1) rank = h->total;
    for (uint32_t i = 0; fn_histogram_next(h, &i, &bucket);) {
        seen += bucket.count;
        if (seen >= rank) return bucket.upper < h->max ? bucket.upper : h->max;
    }
    return h->max;
}

uint64_t fn_histogram_count_to(const fn_histogram *h, uint64_t value) {
    uint64_t seen = 0;
    uint32_t last = value > h->range.highest ? h->n_counts - 1 : index_of(h, value);
    for (uint32_t i = 0; i <= last; i++) seen += h->counts[i];
    return seen;
}

static double middle(const fn_histogram_bucket *bucket) {
    return (double)bucket->lower + (double)((bucket->upper - bucket->lower + 1) / 2);
}

double fn_histogram_mean(const fn_histogram *h) {
    fn_histogram_bucket bucket;
    double sum = 0;
    for (uint32_t i = 0; fn_histogram_next(h, &i, &bucket);) sum += middle(&bucket) * (double)bucket.count;
    return h->total ? sum / (double)h->total : 0;
}

double fn_histogram_variance(const fn_histogram *h) {
    fn_histogram_bucket bucket;
    double mean = fn_histogram_mean(h), sum = 0;
    for (uint32_t i = 0; fn_histogram_next(h, &i, &bucket);) {
        double distance = middle(&bucket) - mean;
        sum += distance * distance * (double)bucket.count;
    }
    return h->total ? sum / (double)h->total : 0;
}
