/* What is encoded has no zero and comes back; what decodes is no longer than its code, and encodes to one that decodes
 * to the same. */
#include "fastnet/cobs.h"
#include "tests/check.h"

enum { MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory, out;
    static char again[FN_COBS_ROOM(MOST)];
    if (memory.start == NULL) memory = guarded_new(MOST), out = guarded_new(FN_COBS_ROOM(MOST));
    if (size > MOST) return 0;
    const char *data = guarded_put(memory, input, size);
    char *coded = out.start + out.size - FN_COBS_ROOM(size);
    size_t n = fn_cobs_encode(coded, data, size);
    CHECK(n <= FN_COBS_ROOM(size) && memchr(coded, 0, n) == NULL, "%zu bytes in %zu", size, n);
    CHECK(fn_cobs_decode(again, coded, n) == (ptrdiff_t)size && memcmp(again, data, size) == 0, "%zu bytes", size);
    char *plain = out.start + out.size - size;
    ptrdiff_t m = fn_cobs_decode(plain, data, size);
    if (m == FN_INVALID) return 0;
    CHECK(m >= 0 && (size_t)m <= size, "%td of %zu", m, size);
    static char kept[MOST], back[FN_COBS_ROOM(MOST)];
    memcpy(kept, plain, (size_t)m);
    n = fn_cobs_encode(again, kept, (size_t)m);
    CHECK(fn_cobs_decode(back, again, n) == m && memcmp(back, kept, (size_t)m) == 0, "%td bytes", m);
    return 0;
}
