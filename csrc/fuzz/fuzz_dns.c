/* A message that is accepted can be read all through, written anew, and read again as the same; no part of it by itself
 * is a message; and a name anywhere in any bytes is read within them. */
#include "tests/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    static dns_read once, twice;
    static uint8_t out[FN_DNS_MESSAGE_MAX], third[FN_DNS_MESSAGE_MAX];
    if (memory.start == NULL) memory = guarded_new(FN_DNS_MESSAGE_MAX + 1);
    if (size > 4096) return 0;
    const uint8_t *msg = (const uint8_t *)guarded_put(memory, input, size);
    uint8_t name[FN_DNS_NAME_MAX], error = 0;
    char text[FN_DNS_TEXT_MAX];
    for (size_t at = 0; at < size; at += 1 + at / 16) {
        size_t length = 0;
        ptrdiff_t taken = fn_dns_name(msg, size, at, name, &length, &error);
        if (taken <= 0) continue;
        CHECK((size_t)taken <= size - at && length <= FN_DNS_NAME_MAX && name[length - 1] == 0, "at %zu", at);
        CHECK(fn_dns_name_to_text(name, length, text) <= FN_DNS_TEXT_MAX, "%zu bytes", length);
    }
    ptrdiff_t parsed = fn_dns_name_from_text((const char *)msg, size, name);
    if (parsed > 0) {
        uint8_t again[FN_DNS_NAME_MAX];
        size_t n = fn_dns_name_to_text(name, (size_t)parsed, text);
        CHECK(fn_dns_name_from_text(text, n, again) == parsed && memcmp(name, again, (size_t)parsed) == 0, "a text");
    }
    if (read_message(&once, msg, size) < 0) return 0;
    size_t length = write_again(&once, msg, size, out);
    if (length == 0) return 0;
    CHECK(read_message(&twice, out, length) == (ptrdiff_t)length, "%s", fn_dns_error_text(twice.m.error));
    CHECK(twice.count == once.count, "%zu records, not %zu", twice.count, once.count);
    for (size_t i = 0; i < once.count; i++) {
        const fn_dns_record *a = &once.records[i], *b = &twice.records[i];
        CHECK(a->type == b->type && a->rclass == b->rclass && a->ttl == b->ttl, "record %zu", i);
    }
    size_t last = write_again(&twice, out, length, third);
    CHECK(last == length && memcmp(out, third, length) == 0, "%zu bytes, then %zu", length, last);
    msg = (const uint8_t *)guarded_put(memory, input, size);
    for (size_t cut = 1; cut < size; cut += 1 + cut / 8) {
        const uint8_t *part = (const uint8_t *)guarded_put(memory, input, size - cut);
        CHECK(read_message(&twice, part, size - cut) < 0, "%zu of %zu bytes", size - cut, size);
    }
    return 0;
}
