/* Any pieces, copied or not, at any level, have the checksum of the whole; and the halves combine to it. */
#include "fastnet/checksum.h"
#include "fastnet/cpu.h"
#include "tests/check.h"

enum { MOST = 65536 };

static uint64_t whole(fn_checksum_kind kind, const void *p, size_t n) {
    fn_checksum sum;
    fn_checksum_init(&sum, kind, fn_checksum_empty(kind));
    fn_checksum_update(&sum, p, n);
    return fn_checksum_value(&sum);
}

/* input: kind, seed of the cuts, data */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    static uint8_t copy[MOST];
    if (memory.start == NULL) memory = guarded_new(MOST);
    if (size < 2 || size - 2 > MOST) return 0;
    fn_checksum_kind kind = (fn_checksum_kind)(input[0] % FN_CHECKSUM_COUNT);
    uint64_t seed = input[1] + 1u;
    size_t n = size - 2;
    const char *p = guarded_put(memory, input + 2, n);
    fn_cpu_level usual = fn_cpu();
    CHECK(fn_cpu_force(FN_CPU_SCALAR) == 0, "scalar");
    uint64_t expected = whole(kind, p, n);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        CHECK(whole(kind, p, n) == expected, "%s at %s", fn_checksum_name(kind), fn_cpu_name((fn_cpu_level)level));
        fn_checksum pieces;
        fn_checksum_init(&pieces, kind, fn_checksum_empty(kind));
        for (size_t at = 0, piece; at < n; at += piece) {
            piece = random_next(&seed) % (input[1] & 1 ? 100 : 20000) + 1;
            if (piece > n - at) piece = n - at;
            if (random_next(&seed) & 1)
                fn_checksum_update(&pieces, p + at, piece);
            else
                fn_checksum_copy(&pieces, copy + at, p + at, piece);
        }
        CHECK(fn_checksum_value(&pieces) == expected, "%s in pieces", fn_checksum_name(kind));
    }
    fn_cpu_force(usual);
    size_t half = n / 3;
    uint32_t a = fn_crc32(0, p, half), b = fn_crc32(0, p + half, n - half);
    CHECK(fn_crc32_combine(a, b, n - half) == fn_crc32(0, p, n), "combine");
    return 0;
}
