/* Histograms: buckets cover the range without gaps at the precision asked for, percentiles are those of the sorted
 * values, merging and encoding keep every count, and no input to the decoder is believed. */
#include "check.h"
#include "fastnet/histogram.h"

static const fn_histogram_range LATENCY = {1, 3600000000000u, 3};
static uint64_t seed = 88172645463325252u;

/* Its counts end at a page that may not be touched. */
static fn_histogram made(fn_histogram_range range) {
    fn_histogram h;
    size_t size = fn_histogram_size(&range);
    guarded memory = guarded_new(size);
    CHECK(fn_histogram_init(&h, &range, memory.start + memory.size - size) == 0, "range");
    return h;
}

/* Sizes of numbers evenly spread over their logarithms. */
static uint64_t any_value(uint64_t most) {
    return (random_next(&seed) >> random_next(&seed) % 64) % (most + 1);
}

static void test_ranges(void) {
    static const struct {
        fn_histogram_range range;
        size_t counts;
    } cases[] = {
        {{1, 3600000000u, 3}, 23552}, /* published in HdrHistogram's documentation: 22 buckets of 2048 */
        {{1, 2, 1}, 32}, {{1, INT64_MAX, 5}, 0}, {{0, 100, 3}, 0}, {{1, 1, 3}, 0}, {{1, 100, 0}, 0},
        {{1, 100, 6}, 0}, {{50, 99, 3}, 0}, {{1, (uint64_t)INT64_MAX + 1, 3}, 0},
        {{(uint64_t)1 << 61, INT64_MAX, 3}, 0}, {{UINT64_MAX, 100, 3}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = fn_histogram_size(&cases[i].range);
        if (i == 2)
            CHECK(size == (size_t)(46 + 1) * 131072 * 8, "%zu", size);
        else
            CHECK(size == cases[i].counts * 8, "case %zu: %zu", i, size);
        fn_histogram h;
        if (size == 0) CHECK(fn_histogram_init(&h, &cases[i].range, &h) == -1, "case %zu", i);
    }
}

static void test_buckets(fn_histogram_range range) {
    fn_histogram h = made(range);
    uint64_t precision = 1;
    for (uint32_t i = 0; i < range.digits; i++) precision *= 10;
    for (int i = 0; i < 20000; i++) {
        uint64_t value = i < 5000 ? (uint64_t)i : any_value(range.highest);
        if (value > range.highest) continue;
        uint64_t lower = fn_histogram_lower(&h, value), upper = fn_histogram_upper(&h, value);
        CHECK(lower <= value && value <= upper, "%lu in %lu..%lu", value, lower, upper);
        uint64_t most = value / precision > range.lowest ? value / precision : range.lowest;
        CHECK(upper - lower < most || upper == lower, "%lu..%lu at %lu", lower, upper, value);
        CHECK(fn_histogram_upper(&h, upper + 1) > upper && fn_histogram_lower(&h, upper + 1) == upper + 1, "gap");
        fn_histogram_reset(&h);
        fn_histogram_record(&h, value, 3);
        fn_histogram_bucket bucket = {0, 0, 0};
        uint32_t index = 0;
        CHECK(fn_histogram_next(&h, &index, &bucket) && bucket.lower == lower && bucket.upper == upper, "%lu", value);
        CHECK(bucket.count == 3 && !fn_histogram_next(&h, &index, &bucket), "one bucket");
        CHECK(h.min == value && h.max == value && h.total == 3, "exact ends");
    }
    fn_histogram_reset(&h);
    fn_histogram_record(&h, range.highest, 1);
    CHECK(h.over == 0, "the highest value fits");
    fn_histogram_record(&h, range.highest + 1, 2);
    fn_histogram_record(&h, UINT64_MAX, 1);
    CHECK(h.over == 3 && h.total == 4 && h.max == range.highest, "values above are kept as the highest");
    fn_histogram_record(&h, 7, 0);
    CHECK(h.total == 4, "no value, no record");
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_percentiles(void) {
    enum { N = 10000 };
    static uint64_t values[N];
    fn_histogram h = made(LATENCY);
    CHECK(fn_histogram_percentile(&h, 50) == 0 && fn_histogram_mean(&h) == 0, "empty");
    double sum = 0;
    for (int i = 0; i < N; i++) {
        values[i] = any_value(60000000000u);
        sum += (double)values[i];
        fn_histogram_record(&h, values[i], 1);
    }
    qsort(values, N, sizeof *values, by_size);
    static const double at[] = {0, .01, 10, 50, 90, 99, 99.9, 99.99, 100};
    static const int rank[] = {1, 1, 1000, 5000, 9000, 9900, 9990, 9999, N};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        uint64_t exact = values[rank[i] - 1], got = fn_histogram_percentile(&h, at[i]);
        uint64_t upper = fn_histogram_upper(&h, exact);
        CHECK(got == (upper < h.max ? upper : h.max), "p%g: %lu for %lu", at[i], got, exact);
        size_t below = 0;
        while (below < N && values[below] <= upper) below++;
        CHECK(fn_histogram_count_to(&h, exact) == below, "count to p%g", at[i]);
    }
    CHECK(fn_histogram_percentile(&h, -5) == fn_histogram_percentile(&h, 0), "below 0");
    CHECK(fn_histogram_percentile(&h, 200) == values[N - 1], "above 100 is the maximum, exactly");
    CHECK(fn_histogram_count_to(&h, UINT64_MAX) == N, "all");
    double mean = fn_histogram_mean(&h), off = mean / (sum / N) - 1;
    CHECK(off < .001 && off > -.001, "mean %g of %g", mean, sum / N);
    fn_histogram_reset(&h);
    fn_histogram_record(&h, 10, 1);
    fn_histogram_record(&h, 20, 3);
    CHECK(fn_histogram_variance(&h) == 18.75, "%g", fn_histogram_variance(&h));
    fn_histogram_record(&h, 10, (uint64_t)1 << 61); /* more than a double counts one by one */
    CHECK(fn_histogram_percentile(&h, 100) == 20, "%lu", fn_histogram_percentile(&h, 100));
}

static void test_corrected(void) {
    fn_histogram h = made(LATENCY), by_hand = made(LATENCY);
    fn_histogram_record_corrected(&h, 100, 25); /* 100, 75, 50, 25 */
    CHECK(h.total == 4 && h.min == 25 && h.max == 100, "%lu values", h.total);
    fn_histogram_record_corrected(&h, 24, 25);
    fn_histogram_record_corrected(&h, 49, 25);
    CHECK(h.total == 6, "shorter than two intervals");
    fn_histogram_record_corrected(&h, 1000, 0);
    CHECK(h.total == 7, "no interval");
    fn_histogram_reset(&h);
    fn_histogram_record_corrected(&h, 1000000000, 1000000); /* a second's stall at 1000/s */
    for (uint64_t v = 1000000; v <= 1000000000; v += 1000000) fn_histogram_record(&by_hand, v, 1);
    CHECK(h.total == 1000 && memcmp(h.counts, by_hand.counts, h.n_counts * 8) == 0, "the stall shows up whole");
}

static void test_merge(void) {
    static const fn_histogram_range coarse = {1000, 1000000000, 2}, wide = {1, (uint64_t)1 << 50, 3};
    fn_histogram a = made(LATENCY), b = made(LATENCY), both = made(LATENCY), c = made(coarse), w = made(wide);
    for (int i = 0; i < 5000; i++) {
        uint64_t value = any_value(LATENCY.highest) + 1;
        fn_histogram_record(i % 3 ? &a : &b, value, 2);
        fn_histogram_record(&both, value, 2);
    }
    fn_histogram_merge(&w, &both);
    fn_histogram_merge(&c, &both);
    fn_histogram_merge(&a, &b);
    CHECK(memcmp(a.counts, both.counts, a.n_counts * 8) == 0, "counts");
    CHECK(a.total == both.total && a.min == both.min && a.max == both.max, "ends");
    CHECK(w.total == both.total && w.max == both.max, "into a wider range");
    CHECK(fn_histogram_percentile(&w, 99) == fn_histogram_percentile(&both, 99), "p99 in a wider range");
    CHECK(c.total == both.total && c.over > 0 && c.max == coarse.highest, "into a narrower range");
    fn_histogram empty = made(LATENCY);
    fn_histogram_merge(&a, &empty);
    CHECK(a.min == both.min && a.total == both.total, "an empty one changes nothing");
    fn_histogram_merge(&empty, &a);
    CHECK(empty.min == both.min && empty.max == both.max, "into an empty one");
}

static void test_encoding(fn_histogram_range range, int n) {
    fn_histogram h = made(range), back = made(range);
    for (int i = 0; i < n; i++) fn_histogram_record(&h, any_value(range.highest), any_value(1u << 30) + 1);
    if (n > 1) fn_histogram_record(&h, range.highest, (uint64_t)1 << 61); /* nine bytes */
    size_t room = fn_histogram_encoded_max(&h);
    guarded out = guarded_new(room), in = guarded_new(room);
    CHECK(fn_histogram_encode(&h, out.start, room - 1) == FN_INVALID, "too little room");
    ptrdiff_t len = fn_histogram_encode(&h, out.start, room);
    CHECK(len >= FN_HISTOGRAM_HEADER_BYTES, "%td", len);
    fn_histogram_range read;
    for (ptrdiff_t cut = 0; cut < len; cut += cut < 64 || cut > len - 64 ? 1 : 37) {
        const char *buf = guarded_put(in, out.start, (size_t)cut);
        CHECK(fn_histogram_decode(&back, buf, (size_t)cut) == FN_PARTIAL, "cut at %td", cut);
        CHECK(fn_histogram_decode_header(buf, (size_t)cut, &read) == (cut < 40 ? FN_PARTIAL : 40), "header %td", cut);
    }
    const char *buf = guarded_put(in, out.start, (size_t)len);
    CHECK(fn_histogram_decode_header(buf, (size_t)len, &read) == 40, "header");
    CHECK(read.lowest == range.lowest && read.highest == range.highest && read.digits == range.digits, "range");
    CHECK(fn_histogram_decode(&back, buf, (size_t)len) == len, "whole");
    CHECK(back.total == h.total && memcmp(back.counts, h.counts, h.n_counts * 8) == 0, "counts come back");
    CHECK(back.min == fn_histogram_lower(&h, h.min), "min %lu", back.min);
    CHECK(h.total == 0 || fn_histogram_upper(&h, h.max) == fn_histogram_upper(&h, back.max), "max %lu", back.max);
    CHECK(fn_histogram_decode(&back, buf, (size_t)len) == (h.total ? FN_INVALID : len), "not into a full one");
}

static void test_bad_encodings(void) {
    fn_histogram h = made(LATENCY);
    char good[256], bad[256];
    fn_histogram_record(&h, 5, 1);
    guarded out = guarded_new(fn_histogram_encoded_max(&h));
    size_t len = (size_t)fn_histogram_encode(&h, out.start, out.size);
    CHECK(len == 42, "%zu: a header, a run of five, a one", len);
    memcpy(good, out.start, len);
    static const struct {
        size_t at;
        uint8_t value;
        const char *what;
    } changes[] = {
        {0, 0x1d, "cookie"}, {3, 0x14, "compressed"}, {8, 1, "normalized"},
        {15, 0, "no digits"}, {15, 9, "many digits"}, {16, 0x80, "lowest"}, {24, 0x80, "highest below 0"},
        {32, 0x40, "scaled"}, {15, 2, "another range"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(bad, good, len);
        bad[changes[i].at] = (char)changes[i].value;
        fn_histogram_reset(&h);
        ptrdiff_t n = fn_histogram_decode(&h, bad, len);
        CHECK(n == FN_INVALID && h.total == 0, "%s: %td", changes[i].what, n);
    }
    static const uint8_t over[] = {0xff, 0xff, 0xff, 0xff, 0x1f}; /* a run of 2^32 or so */
    memcpy(bad, good, 40);
    memcpy(bad + 40, over, sizeof over);
    bad[7] = sizeof over;
    CHECK(fn_histogram_decode(&h, bad, 45) == FN_INVALID && h.total == 0, "a run beyond the end");
    uint8_t *p = (uint8_t *)bad + 40; /* twice 2^63 - 1 */
    for (int i = 0; i < 18; i++) p[i] = i % 9 ? 0xff : 0xfe;
    bad[7] = 18;
    CHECK(fn_histogram_decode(&h, bad, 58) == FN_INVALID && h.total == 0, "a total over 2^63 - 1");
    bad[7] = 9;
    CHECK(fn_histogram_decode(&h, bad, 49) == 49 && h.total == INT64_MAX, "the largest count");
    fn_histogram_reset(&h);
    bad[7] = 8;
    CHECK(fn_histogram_decode(&h, bad, 49) == FN_INVALID, "a number cut by the payload's end");
    memset(bad + 4, 0xff, 4);
    CHECK(fn_histogram_decode(&h, bad, 49) == FN_INVALID, "a payload larger than any");
    h.counts[3] = UINT64_MAX;
    CHECK(fn_histogram_encode(&h, out.start, out.size) == FN_INVALID, "a count without a code");
}

int main(void) {
    test_ranges();
    static const fn_histogram_range ranges[] = {
        {1, 3600000000000u, 3}, {1, 100000, 1}, {1000, 1000000000, 2}, {7, 123456789, 4}, {1, 1u << 20, 5}, {1, 2, 1}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        test_buckets(ranges[i]);
        test_encoding(ranges[i], 0);
        test_encoding(ranges[i], 1);
        test_encoding(ranges[i], 500);
    }
    test_percentiles();
    test_corrected();
    test_merge();
    test_bad_encodings();
    puts("ok");
    return 0;
}
