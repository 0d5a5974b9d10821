/* The invariant of the head fuzzers: whole at the scalar level, byte by byte, and in random cuts at every level of
 * this machine, a head gives the same parts or the same error. */
#ifndef FASTNET_FUZZ_HEADS_H
#define FASTNET_FUZZ_HEADS_H

#include "fastnet/cpu.h"
#include "tests/outcome.h"

#define MAX_INPUT 2048

/* The first byte picks the limits: most inputs meet usual ones, some meet tight ones. */
static inline fn_http1_limits limits_of(uint8_t byte) {
    fn_http1_limits usual = {8190, 65536, MAX_OUTCOME_FIELDS};
    fn_http1_limits tight = {(byte & 15) * 4u + 16, (byte >> 4) * 8u, (byte & 7) + 1u};
    return byte >= 0x20 ? usual : tight;
}

static inline void fuzz_head(parse_function parse, const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(MAX_INPUT);
    if (size == 0 || size > MAX_INPUT) return;
    fn_http1_limits limits = limits_of(input[0]);
    const char *data = (const char *)input + 1;
    size_t len = size - 1;
    uint64_t random = 0x9e3779b97f4a7c15u ^ len;
    for (size_t i = 0; i < len; i++) random = (random ^ input[i + 1]) * 0x100000001b3u;
    random |= 1;

    fn_cpu_force(FN_CPU_SCALAR);
    outcome whole = outcome_of(parse, memory, data, len, &limits, 0);
    outcome bytes = outcome_of(parse, memory, data, len, &limits, 1);
    CHECK(memcmp(&whole, &bytes, sizeof whole) == 0, "byte by byte differs");
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        for (int round = 0; round < 3; round++) {
            size_t step = round == 0 ? 0 : 1 + random_next(&random) % (round == 1 ? 16 : 150);
            outcome cut = outcome_of(parse, memory, data, len, &limits, step);
            CHECK(memcmp(&whole, &cut, sizeof whole) == 0, "%s, cut every %zu, differs",
                  fn_cpu_name((fn_cpu_level)level), step);
        }
    }
    if (whole.result < 0) return;
    /* What the offsets promise. */
    for (uint32_t i = 0; i < whole.head.n_fields; i++) {
        const fn_http1_field *f = &whole.fields[i];
        CHECK((size_t)f->name + f->name_len < (size_t)whole.result, "name of field %u", i);
        CHECK((size_t)f->value + f->value_len < (size_t)whole.result, "value of field %u", i);
        CHECK(f->name_len && fn_http1_scan_token(data + f->name, f->name_len) == f->name_len, "name %u is a token", i);
        CHECK(fn_http1_scan_value(data + f->value, f->value_len) == f->value_len, "value %u is clean", i);
    }
}

#endif
