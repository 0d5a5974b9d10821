/* The published example, and every length up to three words at a guard page. */
#include "fastnet/siphash.h"
#include "tests/check.h"

int main(void) {
    guarded memory = guarded_new(64);
    uint8_t key[16], text[24];
    uint64_t seen[25];
    for (int i = 0; i < 16; i++) key[i] = (uint8_t)i;
    for (int i = 0; i < 24; i++) text[i] = (uint8_t)i;
    for (size_t len = 0; len <= 24; len++) {
        seen[len] = fn_siphash(key, guarded_put(memory, text, len), len);
        for (size_t other = 0; other < len; other++) CHECK(seen[other] != seen[len], "%zu and %zu", other, len);
    }
    CHECK(seen[15] == 0xa129ca6149be45e5u, "%llx", (unsigned long long)seen[15]);
    CHECK(seen[0] == 0x726fdb47dd0e0e31u, "%llx", (unsigned long long)seen[0]);
    key[0] = 1;
    CHECK(fn_siphash(key, text, 15) != seen[15], "the key");
    return 0;
}
