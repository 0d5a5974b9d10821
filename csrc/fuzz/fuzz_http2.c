/* A stream of frames: each prefix of one is FN_PARTIAL or already shows the same error, and its parts are inside it. */
#include "fastnet/http2.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(4096);
    if (size < 1 || size > 4096) return 0;
    uint32_t most = input[0] * 4u;
    const char *data = (const char *)input + 1;
    size_t len = size - 1;
    for (;;) {
        fn_http2_frame frame, cut;
        ptrdiff_t n = fn_http2_parse(&frame, guarded_put(memory, data, len), len, most);
        size_t end = n > 0 ? (size_t)n : len;
        for (size_t k = 0; k < end; k++) {
            ptrdiff_t m = fn_http2_parse(&cut, guarded_put(memory, data, k), k, most);
            CHECK(m == FN_PARTIAL || (m == FN_INVALID && n == FN_INVALID && cut.error == frame.error), "%zu of %zu", k, end);
        }
        if (n < 0) {
            CHECK(n == FN_PARTIAL || frame.error, "without an error");
            return 0;
        }
        CHECK(n == 9 + (ptrdiff_t)frame.length && frame.length <= most && frame.stream < 0x80000000, "%td", n);
        CHECK(frame.at >= 9 && frame.at + frame.len <= (size_t)n, "%u, %u of %td", frame.at, frame.len, n);
        if (frame.type == FN_HTTP2_SETTINGS)
            for (uint32_t at = 0; at < frame.len; at += 6) {
                uint16_t name;
                uint32_t value;
                fn_http2_setting(guarded_put(memory, data + frame.at + at, 6), &name, &value);
            }
        data += n;
        len -= (size_t)n;
    }
}
