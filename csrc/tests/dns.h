/* What the test and the fuzzer of DNS share: a message read at a guard page, and written again. */
#ifndef FASTNET_TESTS_DNS_H
#define FASTNET_TESTS_DNS_H

#include "fastnet/dns.h"
#include "tests/check.h"

#define MAX_RECORDS 13104

typedef struct {
    fn_dns_message m;
    fn_dns_record records[MAX_RECORDS];
    size_t count;
} dns_read;

/* What fn_dns_header() and fn_dns_scan() answer. */
static inline ptrdiff_t read_message(dns_read *into, const uint8_t *msg, size_t len) {
    into->count = 0;
    ptrdiff_t n = fn_dns_header(&into->m, msg, len);
    if (n < 0) return n;
    into->count = fn_dns_count(&into->m);
    CHECK(into->count <= MAX_RECORDS, "%zu records in %zu bytes", into->count, len);
    return fn_dns_scan(&into->m, msg, len, into->records);
}

static inline void copy_name(fn_dns_writer *w, const uint8_t *msg, size_t len, size_t *at, int compress) {
    uint8_t name[FN_DNS_NAME_MAX], again[FN_DNS_NAME_MAX], error = 0;
    char text[FN_DNS_TEXT_MAX];
    size_t length = 0;
    ptrdiff_t taken = fn_dns_name(msg, len, *at, name, &length, &error);
    CHECK(taken > 0, "a name that was checked: %s", fn_dns_error_text(error));
    size_t characters = fn_dns_name_to_text(name, length, text);
    ptrdiff_t back = fn_dns_name_from_text(text, characters, again);
    CHECK(back == (ptrdiff_t)length && memcmp(name, again, length) == 0, "%.*s", (int)characters, text);
    CHECK(fn_dns_write_name(w, name, length, compress) == 0, "no room");
    *at += (size_t)taken;
}

/* Names inside data of the classes in which they are known, and what stands before and behind them. */
static inline void copy_data(fn_dns_writer *w, const uint8_t *msg, const fn_dns_record *r) {
    size_t at = r->data, end = at + r->data_len, skip = 0;
    int names = 0, known = r->rclass == FN_DNS_IN || r->rclass == FN_DNS_CH || r->rclass == FN_DNS_HS;
    if (known && (r->type == FN_DNS_NS || r->type == FN_DNS_CNAME || r->type == FN_DNS_PTR)) names = 1;
    if (known && r->type == FN_DNS_SOA) names = 2;
    if (known && r->type == FN_DNS_MX) names = 1, skip = 2;
    if (r->rclass == FN_DNS_IN && r->type == FN_DNS_SRV) names = 1, skip = 6;
    fn_dns_write_bytes(w, msg + at, skip);
    for (at += skip; names; names--) copy_name(w, msg, end, &at, r->type != FN_DNS_SRV);
    fn_dns_write_bytes(w, msg + at, end - at);
}

/* The message written anew into out[FN_DNS_MESSAGE_MAX]; returns its length, or 0 if it became too long. */
static inline size_t write_again(const dns_read *from, const uint8_t *msg, size_t len, uint8_t *out) {
    fn_dns_writer w;
    fn_dns_write_begin(&w, out, FN_DNS_MESSAGE_MAX);
    fn_dns_write_bytes(&w, msg, FN_DNS_HEADER_BYTES);
    for (size_t i = 0; i < from->count; i++) {
        const fn_dns_record *r = &from->records[i];
        size_t name = r->name;
        if (w.room - w.used < 2000u + r->data_len) return 0;
        copy_name(&w, msg, len, &name, 1);
        fn_dns_write_u16(&w, r->type);
        fn_dns_write_u16(&w, r->rclass);
        if (i < from->m.count[0]) continue;
        fn_dns_write_u32(&w, r->ttl);
        size_t size_at = w.used;
        fn_dns_write_u16(&w, 0);
        copy_data(&w, msg, r);
        size_t size = w.used - size_at - 2;
        out[size_at] = (uint8_t)(size >> 8);
        out[size_at + 1] = (uint8_t)size;
    }
    return w.used;
}

#endif
