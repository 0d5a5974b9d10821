/* A chunked body gives the same data, end and error in any pieces. The first byte is the limit of its extensions. */
#include "tests/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(MAX_BODY);
    if (size == 0 || size > MAX_BODY) return 0;
    const char *data = (const char *)input + 1;
    size_t len = size - 1, steps[] = {1, 2, 3, 1 + len % 7, 1 + len / 2, 1 + input[0] % 31u};
    body whole = body_of(memory, data, len, input[0], 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        body cut = body_of(memory, data, len, input[0], steps[i]);
        CHECK(cut.error == whole.error && cut.done == whole.done, "cut every %zu: error %d", steps[i], cut.error);
        CHECK(cut.data_len == whole.data_len && memcmp(cut.data, whole.data, cut.data_len) == 0, "data");
        CHECK(whole.error || cut.consumed == whole.consumed, "consumed %zu", cut.consumed);
    }
    return 0;
}
