/* What the decoder accepts is a histogram: encoded again it decodes to the same counts, and they add up. */
#include "fastnet/histogram.h"
#include "tests/check.h"

enum { MOST_INPUT = 8192, MOST_COUNTS = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory, counts[2], encoded;
    if (memory.start == NULL) {
        memory = guarded_new(MOST_INPUT);
        for (int i = 0; i < 2; i++) counts[i] = guarded_new(MOST_COUNTS);
        encoded = guarded_new(FN_HISTOGRAM_HEADER_BYTES + MOST_COUNTS / 8 * 9);
    }
    if (size > MOST_INPUT) return 0;
    const char *buf = guarded_put(memory, input, size);
    fn_histogram_range range;
    if (fn_histogram_decode_header(buf, size, &range) < 0) return 0;
    size_t needed = fn_histogram_size(&range);
    CHECK(needed > 0, "a range without a histogram");
    if (needed > MOST_COUNTS) return 0;
    fn_histogram h, again;
    CHECK(fn_histogram_init(&h, &range, counts[0].start + counts[0].size - needed) == 0, "init");
    CHECK(fn_histogram_init(&again, &range, counts[1].start + counts[1].size - needed) == 0, "init");
    ptrdiff_t n = fn_histogram_decode(&h, buf, size);
    if (n < 0) {
        CHECK(h.total == 0 && h.max == 0, "left with %lu", h.total);
        return 0;
    }
    CHECK((size_t)n <= size, "%td of %zu", n, size);
    uint64_t total = 0, last = 0;
    fn_histogram_bucket bucket;
    for (uint32_t i = 0; fn_histogram_next(&h, &i, &bucket); total += bucket.count, last = bucket.upper)
        CHECK(bucket.lower <= bucket.upper && (total == 0 || bucket.lower > last), "order");
    CHECK(total == h.total && fn_histogram_count_to(&h, UINT64_MAX) == total, "total");
    CHECK(h.min <= h.max && fn_histogram_percentile(&h, 100) == h.max, "ends");
    CHECK(fn_histogram_percentile(&h, 0) >= h.min, "least");
    ptrdiff_t out = fn_histogram_encode(&h, encoded.start, fn_histogram_encoded_max(&h));
    CHECK(out > 0 && fn_histogram_decode(&again, encoded.start, (size_t)out) == out, "encoded in %td", out);
    CHECK(memcmp(h.counts, again.counts, needed) == 0 && h.min == again.min && h.max == again.max, "not the same");
    return 0;
}
