/* Sums in vectors of the compiler (gcc and clang alike), so that one text serves every instruction set. Included with
 * VECTOR, the bytes of a vector, and OPS, the table to define.
 *
 * Each lane keeps its sum and the sum of its sums; where it stands in the vector is accounted for at the end. Items of
 * half a lane are kept as two: those masked out of the low half, those shifted down from the high half. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vector lanes are taken to be little-endian"
#endif

typedef uint16_t fn_v16 __attribute__((vector_size(VECTOR)));
typedef uint32_t fn_v32 __attribute__((vector_size(VECTOR)));
enum { LANES16 = VECTOR / 2, LANES32 = VECTOR / 4 };

FN_INLINE fn_v16 load_lanes16(const uint8_t *p) {
    fn_v16 v;
    memcpy(&v, p, VECTOR);
    return v;
}

FN_INLINE fn_v32 load_lanes32(const uint8_t *p) {
    fn_v32 v;
    memcpy(&v, p, VECTOR);
    return v;
}

/* After 22 vectors the sums of sums of bytes could leave 16 bits (22 * 23 / 2 * 255 = 64515), after 360 vectors those of
 * words 32 bits; 64 rounds of 22 vectors keep the sums of bytes in 32 bits. */
enum { ROUND = 22, ROUNDS = 64, WORDS_ROUND = 256 };

static fn_sums sum_bytes(const uint8_t *p, size_t n) {
    fn_sums s = {0, 0};
    while (n >= VECTOR) {
        /* [0] and [1] are the low and high halves of the 16-bit lanes of even bytes, [2] and [3] of odd bytes. */
        fn_v32 sum[4] = {{0}}, sums[4] = {{0}};
        size_t vectors = 0;
        for (int round = 0; round < ROUNDS && n >= VECTOR; round++) {
            size_t count = n / VECTOR < ROUND ? n / VECTOR : ROUND;
            fn_v16 even = {0}, evens = {0}, odd = {0}, odds = {0};
            for (size_t i = 0; i < count; i++, p += VECTOR) {
                fn_v16 v = load_lanes16(p);
                even += v & 0xff, evens += even;
                odd += v >> 8, odds += odd;
            }
            n -= count * VECTOR, vectors += count;
            fn_v32 one[2] = {(fn_v32)even, (fn_v32)odd}, two[2] = {(fn_v32)evens, (fn_v32)odds};
            for (int i = 0; i < 2; i++) {
                sums[2 * i] += sum[2 * i] * (uint32_t)count + (two[i] & 0xffff);
                sums[2 * i + 1] += sum[2 * i + 1] * (uint32_t)count + (two[i] >> 16);
                sum[2 * i] += one[i] & 0xffff;
                sum[2 * i + 1] += one[i] >> 16;
            }
        }
        s.weighted += s.sum * vectors * VECTOR;
        for (int lane = 0; lane < LANES32; lane++) {
            for (int i = 0; i < 4; i++) {
                uint64_t place = (uint64_t)(4 * lane + 2 * (i & 1) + (i >> 1));
                s.sum += sum[i][lane];
                s.weighted += (uint64_t)sums[i][lane] * VECTOR - place * sum[i][lane];
            }
        }
    }
    return fn_sum_bytes(s, p, n);
}

static fn_sums sum_words(const uint8_t *p, size_t n) {
    fn_sums s = {0, 0};
    while (n >= VECTOR) {
        size_t count = n / VECTOR < WORDS_ROUND ? n / VECTOR : WORDS_ROUND;
        fn_v32 even = {0}, evens = {0}, odd = {0}, odds = {0};
        for (size_t i = 0; i < count; i++, p += VECTOR) {
            fn_v32 v = load_lanes32(p);
            even += v & 0xffff, evens += even;
            odd += v >> 16, odds += odd;
        }
        n -= count * VECTOR;
        s.weighted += s.sum * count * LANES16;
        for (int lane = 0; lane < LANES32; lane++) {
            uint64_t place = 2 * (uint64_t)lane;
            s.sum += (uint64_t)even[lane] + odd[lane];
            s.weighted += ((uint64_t)evens[lane] + odds[lane]) * LANES16 - place * even[lane] - (place + 1) * odd[lane];
        }
    }
    return fn_sum_words(s, p, n);
}

/* `all` wraps, but so does what is taken from it: low halves + 2^16 high halves - 2^16 high halves. */
static uint64_t sum_words_once(const uint8_t *p, size_t n) {
    fn_v32 all[4] = {{0}}, high[4] = {{0}};
    uint64_t sum = 0;
    const uint8_t *end = p + n;
    if (n >= VECTOR) {
        for (; end - p >= 4 * VECTOR; p += 4 * VECTOR) {
            for (int i = 0; i < 4; i++) {
                fn_v32 v = load_lanes32(p + i * VECTOR);
                all[i] += v, high[i] += v >> 16;
            }
        }
        for (; end - p >= VECTOR; p += VECTOR) {
            fn_v32 v = load_lanes32(p);
            all[0] += v, high[0] += v >> 16;
        }
        /* One vector holds at most FN_SUMS_MOST / VECTOR * 65535 in a lane, which is 32 bits. */
        fn_v32 highs = high[0] + high[1] + high[2] + high[3], lows = all[0] + all[1] + all[2] + all[3] - (highs << 16);
        fn_v32 pairs = (lows & 0xffff) + (highs & 0xffff), carries = (lows >> 16) + (highs >> 16);
        uint32_t pair = 0, carry = 0;
        for (int lane = 0; lane < LANES32; lane++) pair += pairs[lane], carry += carries[lane];
        sum = pair + ((uint64_t)carry << 16);
    }
    return fn_sum_words_once(sum, p, (size_t)(end - p));
}

const fn_sums_ops OPS = {sum_bytes, sum_words, sum_words_once};
