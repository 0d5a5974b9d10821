/* A stream of frames is the same in pieces of any size and at every level: the heads, the error, the payloads, and
 * whether they are UTF-8. What was read writes itself again. */
#include "fastnet/cpu.h"
#include "fastnet/websocket.h"
#include "tests/check.h"
#include "tests/utf8.h"

enum { MOST = 4096 };

static guarded memory, out;

/* Every beginning of a head says partial, or already what the whole says. */
static ptrdiff_t read_head(fn_ws_head *head, const uint8_t *data, size_t n, unsigned how) {
    ptrdiff_t whole = fn_ws_parse_head(head, guarded_put(memory, data, n), n, how);
    fn_ws_head part;
    for (size_t i = 0; i < n && i < FN_WS_HEAD_ROOM; i++) {
        ptrdiff_t got = fn_ws_parse_head(&part, guarded_put(memory, data, i), i, how);
        if (got == FN_PARTIAL) continue;
        CHECK(got == whole && (got >= 0 || part.error == head->error), "%zu: %td, then %td", i, got, whole);
    }
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (memory.start == NULL) memory = guarded_new(MOST), out = guarded_new(MOST);
    if (size < 2 || size > MOST) return 0;
    unsigned how = input[0] & 3;
    size_t step = input[1] % 17 + 1, at = 2;
    while (at < size) {
        fn_ws_head head;
        ptrdiff_t used = read_head(&head, input + at, size - at, how);
        if (used < 0) break;
        char again[FN_WS_HEAD_ROOM];
        CHECK(fn_ws_write_head(again, &head) == (size_t)used && memcmp(again, input + at, (size_t)used) == 0, "%td", used);
        at += (size_t)used;
        size_t n = size - at < head.length ? size - at : (size_t)head.length;
        uint8_t plain[MOST];
        int high = 0, whole = 1;
        for (size_t i = 0; i < n; i++) {
            plain[i] = input[at + i] ^ (uint8_t)((const char *)&head.key)[i & 3];
            high |= plain[i] & 0x80;
        }
        size_t good = utf8_prefix(plain, n, &whole);
        for (int level = 0; level < FN_CPU_COUNT; level++) {
            if (fn_cpu_force((fn_cpu_level)level) < 0) continue;
            char *to = out.start + out.size - n;
            CHECK((fn_ws_mask(to, guarded_put(memory, input + at, n), n, head.key) != 0) == (high != 0), "%zu", n);
            CHECK(memcmp(to, plain, n) == 0, "%zu bytes at level %d", n, level);
            uint32_t state = 0, key = head.key;
            ptrdiff_t got = fn_utf8_check(&state, to, n);
            CHECK(got == (good == n ? (ptrdiff_t)n : FN_INVALID), "%zu of %zu: %td", good, n, got);
            CHECK(got < 0 || (state == 0) == whole, "%x", state);
            state = 0, got = 0;
            for (size_t from = 0, some; from < n; from += some) {
                some = n - from < step ? n - from : step;
                char *piece = guarded_put(memory, input + at + from, some);
                fn_ws_mask(piece, piece, some, key);
                key = fn_ws_next_key(key, some);
                CHECK(memcmp(piece, plain + from, some) == 0, "%zu at %zu", some, from);
                if (got >= 0) got = fn_utf8_check(&state, piece, some);
                CHECK((got < 0) == (from + some > good), "%zu of %zu", good, n);
            }
        }
        at += n;
    }
    return 0;
}
