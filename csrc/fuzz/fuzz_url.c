/* The parts of a URL lie inside it, in order, and their delimiters stand between them. */
#include "fastnet/url.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(4096);
    if (size == 0 || size > 4096) return 0;
    size_t len = size - 1;
    int authority_only = input[0] & 1;
    const char *buf = guarded_put(memory, input + 1, len);
    fn_url u;
    ptrdiff_t n = fn_url_parse(&u, buf, len, authority_only);
    if (n == FN_INVALID) return 0;
    CHECK(n == (ptrdiff_t)len, "%td of %zu", n, len);
    CHECK(!authority_only || (u.has_port && u.host.len && !u.has_scheme && !u.has_userinfo), "authority");
    size_t at = 0;
    if (u.has_scheme) {
        CHECK(u.scheme.start == 0 && u.scheme.len > 0 && buf[u.scheme.len] == ':', "scheme");
        at = u.scheme.len + 1;
    }
    if (u.has_userinfo) {
        CHECK(u.userinfo.start == at + 2 && buf[u.userinfo.start + u.userinfo.len] == '@', "userinfo");
        at = u.userinfo.start + u.userinfo.len;
    }
    if (u.has_authority) {
        CHECK(u.host.start >= at && u.host.start + u.host.len <= len, "host");
        at = u.host.start + u.host.len;
    }
    if (!authority_only) {
        CHECK(u.path.start >= at && u.path.start + u.path.len <= len, "path");
        at = u.path.start + u.path.len;
        if (u.has_query) {
            CHECK(u.query.start == at + 1 && buf[at] == '?', "query");
            at = u.query.start + u.query.len;
        }
        if (u.has_fragment) {
            CHECK(u.fragment.start == at + 1 && buf[at] == '#', "fragment");
            at = u.fragment.start + u.fragment.len;
        }
        CHECK(at == len, "%zu bytes belong to no part", len - at);
    }
    return 0;
}
