/* Every checksum at every level: the catalogue's check values, a bit-by-bit reference, every length to 512 at every
 * alignment and at a guard page, long inputs of the largest bytes, pieces, copies, combining. */
#include "check.h"
#include "fastnet/checksum.h"
#include "fastnet/cpu.h"

enum { SHORT = 512, ALIGNMENTS = 64, LONG = 2 * 1024 * 1024 + 77 };

static guarded memory;
static uint64_t seed = 88172645463325252u;

/* --- the definitions, an item at a time -------------------------------------------------------------------------- */

static uint64_t crc_reflected(uint64_t polynomial, uint64_t state, const uint8_t *p, size_t n) {
    for (; n; n--, p++) {
        state ^= *p;
        for (int bit = 0; bit < 8; bit++) state = state >> 1 ^ (state & 1 ? polynomial : 0);
    }
    return state;
}

static uint64_t two_sums(uint64_t value, const uint8_t *p, size_t n, uint64_t modulus, int bits, size_t item) {
    uint64_t a = value & ((1u << bits) - 1), b = value >> bits;
    for (size_t i = 0; i < n; i += item) {
        uint64_t word = item == 1 ? p[i] : (uint64_t)p[i] | (uint64_t)(i + 1 < n ? p[i + 1] : 0) << 8;
        a = (a + word) % modulus, b = (b + a) % modulus;
    }
    return b << bits | a;
}

static uint64_t by_definition(fn_checksum_kind kind, uint64_t value, const uint8_t *p, size_t n) {
    switch (kind) {
    case FN_CRC32:
        return crc_reflected(0xedb88320u, value ^ 0xffffffffu, p, n) ^ 0xffffffffu;
    case FN_CRC32C:
        return crc_reflected(0x82f63b78u, value ^ 0xffffffffu, p, n) ^ 0xffffffffu;
    case FN_CRC64_XZ:
        return ~crc_reflected(0xc96c5795d7870f42u, ~value, p, n);
    case FN_CRC16_MODBUS:
        return crc_reflected(0xa001, value, p, n);
    case FN_CRC16_CCITT:
        for (; n; n--, p++) {
            value ^= (uint64_t)*p << 8;
            for (int bit = 0; bit < 8; bit++) value = (value << 1 ^ (value & 0x8000 ? 0x1021 : 0)) & 0xffff;
        }
        return value;
    case FN_ADLER32:
        return two_sums(value, p, n, 65521, 16, 1);
    case FN_FLETCHER16:
        return two_sums(value, p, n, 255, 8, 1);
    case FN_FLETCHER32:
        return two_sums(value, p, n, 65535, 16, 2);
    default:
        value ^= 0xffff;
        for (size_t i = 0; i < n; i += 2) {
            value += (uint64_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
            value = (value & 0xffff) + (value >> 16);
        }
        return value ^ 0xffff;
    }
}

static uint64_t whole(fn_checksum_kind kind, uint64_t value, const void *p, size_t n) {
    fn_checksum sum;
    fn_checksum_init(&sum, kind, value);
    fn_checksum_update(&sum, p, n);
    return fn_checksum_value(&sum);
}

/* ----------------------------------------------------------------------------------------------------------------- */

static void test_check_values(void) {
    static const struct {
        fn_checksum_kind kind;
        uint64_t begin, value;
        const char *input;
        size_t n; /* 0: up to its NUL */
    } published[] = {
        {FN_CRC32, 0, 0xcbf43926u, "123456789", 0},
        {FN_CRC32C, 0, 0xe3069283u, "123456789", 0},
        {FN_CRC64_XZ, 0, 0x995dc9bbdf1939fau, "123456789", 0},
        {FN_CRC16_MODBUS, 0xffff, 0x4b37, "123456789", 0},
        {FN_CRC16_CCITT, 0, 0x31c3, "123456789", 0},
        {FN_CRC16_CCITT, 0xffff, 0x29b1, "123456789", 0},
        {FN_ADLER32, 1, 0x11e60398u, "Wikipedia", 0},
        {FN_FLETCHER16, 0, 0xc8f0, "abcde", 0},
        {FN_FLETCHER16, 0, 0x2057, "abcdef", 0},
        {FN_FLETCHER16, 0, 0x0627, "abcdefgh", 0},
        {FN_FLETCHER32, 0, 0xf04fc729u, "abcde", 0},
        {FN_FLETCHER32, 0, 0x56502d2au, "abcdef", 0},
        {FN_FLETCHER32, 0, 0xebe19591u, "abcdefgh", 0},
        {FN_INTERNET, 0xffff, 0x220d, "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8}, /* RFC 1071, section 3 */
    };
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const char *input = published[i].input;
        size_t n = published[i].n ? published[i].n : strlen(input);
        uint64_t value = whole(published[i].kind, published[i].begin, guarded_put(memory, input, n), n);
        CHECK(value == published[i].value, "%s(%s) = %llx", fn_checksum_name(published[i].kind), input,
              (unsigned long long)value);
    }
}

static void test_every_length_and_alignment(fn_checksum_kind kind, const uint8_t *data) {
    for (size_t n = 0; n <= SHORT; n++) {
        uint64_t begin = n & 1 ? fn_checksum_empty(kind) : by_definition(kind, fn_checksum_empty(kind), data + 512, 64);
        uint64_t expected = by_definition(kind, begin, data, n);
        for (size_t after = 0; after < ALIGNMENTS; after++) {
            uint8_t *at = (uint8_t *)memory.start + memory.size - n - after;
            memcpy(at, data, n);
            uint64_t value = whole(kind, begin, at, n);
            CHECK(value == expected, "%s, %s: %zu bytes, %zu before the page: %llx, not %llx", fn_checksum_name(kind),
                  fn_cpu_name(fn_cpu()), n, after, (unsigned long long)value, (unsigned long long)expected);
        }
    }
}

static void test_long(fn_checksum_kind kind, const uint8_t *data) {
    static const size_t lengths[] = {2623, 2624, 2625, 4096, 20991, 20992, 20993, 65536, 100001, 1 << 20,
                                     (1 << 20) + 1, LONG};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        uint64_t expected = by_definition(kind, fn_checksum_empty(kind), data, n);
        const uint8_t *at = (const uint8_t *)guarded_put(memory, data, n);
        CHECK(whole(kind, fn_checksum_empty(kind), at, n) == expected, "%s, %s: %zu bytes", fn_checksum_name(kind),
              fn_cpu_name(fn_cpu()), n);
    }
}

static void test_pieces_and_copies(fn_checksum_kind kind, const uint8_t *data) {
    static uint8_t copy[40000];
    for (int round = 0; round < 200; round++) {
        size_t n = random_next(&seed) % sizeof copy, at = 0;
        fn_checksum pieces, copied;
        fn_checksum_init(&pieces, kind, fn_checksum_empty(kind));
        fn_checksum_init(&copied, kind, fn_checksum_empty(kind));
        memset(copy, 0, sizeof copy);
        while (at < n) {
            size_t most = round & 1 ? 16 : n, piece = random_next(&seed) % most + 1;
            if (piece > n - at) piece = n - at;
            fn_checksum_update(&pieces, data + at, piece);
            fn_checksum_copy(&copied, copy + at, data + at, piece);
            at += piece;
        }
        uint64_t expected = by_definition(kind, fn_checksum_empty(kind), data, n);
        CHECK(fn_checksum_value(&pieces) == expected, "%s: %zu bytes in pieces", fn_checksum_name(kind), n);
        CHECK(fn_checksum_value(&copied) == expected, "%s: %zu bytes copied", fn_checksum_name(kind), n);
        CHECK(memcmp(copy, data, n) == 0, "%zu bytes copied", n);
    }
    uint8_t overlapping[300];
    fn_checksum sum;
    memcpy(overlapping, data, sizeof overlapping);
    fn_checksum_init(&sum, kind, fn_checksum_empty(kind));
    fn_checksum_copy(&sum, overlapping + 7, overlapping, 200);
    CHECK(fn_checksum_value(&sum) == by_definition(kind, fn_checksum_empty(kind), data, 200), "overlapping");
    CHECK(memcmp(overlapping + 7, data, 200) == 0, "overlapping");
}

static void test_combine(const uint8_t *data) {
    for (int round = 0; round < 300; round++) {
        size_t a = random_next(&seed) % 3000, b = round < 5 ? 0 : random_next(&seed) % 70000;
        const uint8_t *second = data + a;
#define COMBINES(name, NAME)                                                                                           \
    CHECK(fn_##name##_combine(fn_##name(FN_##NAME##_EMPTY, data, a), fn_##name(FN_##NAME##_EMPTY, second, b), b) ==    \
              fn_##name(FN_##NAME##_EMPTY, data, a + b),                                                               \
          "%zu and %zu bytes", a, b)
        COMBINES(crc32, CRC32);
        COMBINES(crc32c, CRC32C);
        COMBINES(crc64_xz, CRC64_XZ);
        COMBINES(crc16_modbus, CRC16_MODBUS);
        COMBINES(crc16_ccitt, CRC16_CCITT);
        COMBINES(adler32, ADLER32);
        CHECK(fn_crc16_ccitt_combine(fn_crc16_ccitt(0xffff, data, a), fn_crc16_ccitt(0, second, b), b) ==
                  fn_crc16_ccitt(0xffff, data, a + b), "from 0xffff");
    }
}

static void test_internet_replace(void) {
    const uint8_t before[2] = {0x55, 0x55}, after[2] = {0x32, 0x85}; /* RFC 1624, section 4 */
    CHECK(fn_internet_replace(0xdd2f, before, after, 2) == 0x0000, "the example of RFC 1624");
    for (int round = 0; round < 1000; round++) {
        uint8_t header[40], field[8];
        for (size_t i = 0; i < sizeof header; i++) header[i] = (uint8_t)random_next(&seed);
        for (size_t i = 0; i < sizeof field; i++) field[i] = (uint8_t)random_next(&seed);
        size_t n = 2 * (random_next(&seed) % 5), at = 2 * (random_next(&seed) % 16);
        uint16_t value = fn_internet(FN_INTERNET_EMPTY, header, sizeof header);
        value = fn_internet_replace(value, header + at, field, n);
        memcpy(header + at, field, n);
        CHECK(value == fn_internet(FN_INTERNET_EMPTY, header, sizeof header), "%zu bytes at %zu", n, at);
    }
}

int main(void) {
    memory = guarded_new(LONG);
    uint8_t *data = malloc(LONG), *largest = malloc(LONG);
    CHECK(data && largest, "no memory");
    for (size_t i = 0; i < LONG; i++) data[i] = (uint8_t)(random_next(&seed) >> 32);
    memset(largest, 0xff, LONG);
    CHECK(fn_checksum_name(FN_CHECKSUM_COUNT) == NULL, "no such kind");
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        test_check_values();
        for (int kind = 0; kind < FN_CHECKSUM_COUNT; kind++) {
            test_every_length_and_alignment((fn_checksum_kind)kind, data);
            test_long((fn_checksum_kind)kind, data);
            test_long((fn_checksum_kind)kind, largest);
            test_pieces_and_copies((fn_checksum_kind)kind, data);
        }
        test_combine(data);
        test_internet_replace();
        printf("%s ok\n", fn_cpu_name((fn_cpu_level)level));
    }
    free(data);
    free(largest);
    return 0;
}
