/* However a stream of memcached's protocol is cut, its messages and its error are the same, and none is over a limit. */
#include "tests/memcached.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(MAX_STREAM);
    if (size < 2 || size - 2 > MAX_STREAM) return 0;
    const char *data = (const char *)input + 2;
    size_t len = size - 2, steps[] = {1, 2, 3, 1 + len % 7, 1 + len / 2, 1 + input[1] % 31u};
    fn_memcache_limits limits = {1 + (input[0] >> 1) % 40u, input[1] % 64u, 20 + input[1]};
    outcome whole, cut;
    void (*read)(outcome *, guarded, const fn_memcache_limits *, const char *, size_t, size_t) =
        input[0] & 1 ? read_replies : read_requests;
    read(&whole, memory, &limits, data, len, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        read(&cut, memory, &limits, data, len, steps[i]);
        same_outcome(&whole, &cut, steps[i]);
    }
    return 0;
}
