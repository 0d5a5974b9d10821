/* However the answers to the load generator's requests are cut, the verdicts on them are the same, answer by answer, and
 * so is what the end of the stream makes of the last one. */
#include "load/protocol.h"
#include "tests/check.h"

enum { MAX_INPUT = 2048, MOST_VERDICTS = 64, POOL = 256, STATE_BYTES = 256 };

typedef struct {
    fn_load_verdict verdicts[MOST_VERDICTS];
    size_t n, used;       /* bytes that belong to answers, or were looked at before what is wrong */
} outcome;

/* Reads data[0:len] in pieces of `step` bytes (0: whole), as the engine does: what was not used is given again, with
 * more behind it. Ends with the stream, or with the first answer after which the connection is useless. */
static void read_all(outcome *out, const fn_load_protocol *protocol, const fn_load_content *content, guarded memory,
                     const char *data, size_t len, size_t step) {
    static _Alignas(16) char state[STATE_BYTES];
    CHECK(protocol->state_size <= sizeof state, "%zu bytes of state", protocol->state_size);
    memset(state, 0, sizeof state);
    memset(out, 0, sizeof *out);
    fn_load_pending pending = {0};
    size_t given = step == 0 || step > len ? len : step;
    for (;;) {
        fn_load_verdict verdict = {.error = FN_LOAD_FINE};
        pending.template_index = (uint32_t)(out->n % content->n_templates);
        pending.offset = (uint32_t)(out->n * 7 % (POOL / 2));
        size_t n = given - out->used;
        size_t used = protocol->receive(state, content, &pending, guarded_put(memory, data + out->used, n), n, &verdict);
        CHECK(used <= n, "%zu of %zu bytes used", used, n);
        out->used += used;
        if (!verdict.done && verdict.error == FN_LOAD_FINE) {
            if (given < len) {
                given = step > len - given ? len : given + step;
                continue;
            }
            protocol->end(state, content, &pending, &verdict);
            CHECK(verdict.done || verdict.error != FN_LOAD_FINE, "the end decided nothing");
            out->verdicts[out->n++] = verdict;
            return;
        }
        out->verdicts[out->n++] = verdict;
        if (!verdict.done || verdict.close || out->n == MOST_VERDICTS) return;
        if (out->used == len) return; /* all answered */
        /* A whole answer leaves nothing behind for the next one. */
        for (size_t i = 0; i < sizeof state; i++) CHECK(state[i] == 0, "state after an answer");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    static char pool[POOL];
    static const fn_load_protocol *const protocols[] = {&fn_load_http1, &fn_load_echo, &fn_load_framed};
    if (memory.start == NULL) memory = guarded_new(MAX_INPUT);
    if (size < 3 || size - 2 > MAX_INPUT) return 0;
    const fn_load_protocol *protocol = protocols[input[0] % 3];
    size_t body_len = input[1] % 8, random_len = protocol == &fn_load_http1 ? 0 : input[1] >> 6;
    const fn_load_template templates[] = {
        {.head = "", .body = "abcdefgh", .body_len = body_len, .random_len = random_len, .until = UINT64_MAX / 2},
        {.head = "", .body = "abcdefgh", .body_len = body_len, .random_len = random_len, .until = UINT64_MAX,
         .no_body = input[0] >> 7},
    };
    const fn_load_content content = {
        .pool = pool, .pool_size = POOL, .templates = templates, .n_templates = 2,
        .status = input[1] & 8 ? 200 : 0, .length = input[1] & 16 ? (int64_t)body_len : -1,
        .digest = input[1] & 32 ? FN_DIGEST_ECHO : FN_DIGEST_NONE,
    };
    const char *data = (const char *)input + 2;
    size_t len = size - 2, steps[] = {1, 2, 3, 1 + len % 7, 1 + len / 2, 1 + input[1] % 31u};
    if (protocol != &fn_load_http1 && body_len + random_len == 0) return 0; /* a Spec refuses that */
    outcome whole, cut;
    read_all(&whole, protocol, &content, memory, data, len, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        read_all(&cut, protocol, &content, memory, data, len, steps[i]);
        CHECK(whole.n == cut.n, "%zu and %zu answers, cut every %zu", whole.n, cut.n, steps[i]);
        for (size_t k = 0; k < whole.n; k++) {
            const fn_load_verdict *a = &whole.verdicts[k], *b = &cut.verdicts[k];
            CHECK(a->done == b->done && a->close == b->close && a->error == b->error && a->status == b->status,
                  "answer %zu, cut every %zu: done %d %d, error %d %d", k, steps[i], a->done, b->done, a->error,
                  b->error);
        }
        CHECK(!whole.verdicts[whole.n - 1].done || whole.used == cut.used, "%zu and %zu bytes", whole.used, cut.used);
    }
    return 0;
}
