/* A stream scanned for frames in some way of cutting it, as an outcome that compares. Shared by tests and fuzzers. */
#ifndef FASTNET_TESTS_FRAMES_H
#define FASTNET_TESTS_FRAMES_H

#include "check.h"
#include "fastnet/framing.h"

#define MAX_STREAM 4096

typedef struct {
    size_t count, consumed, needed;
    uint64_t announced;
    int error, waits;
    fn_frame frames[MAX_STREAM + 1]; /* as offsets into the stream */
} frames_found;

/* data[0:len], of which `step` bytes more are there at every call (0: all at once), each time ending at the guarded
 * page; at most `batch` frames are taken from a call. */
static inline void frames_of(frames_found *found, guarded g, const fn_framing *how, const char *data, size_t len,
                             size_t step, size_t batch) {
    fn_framing_state state;
    fn_frame frames[64];
    memset(&state, 0, sizeof state);
    found->count = found->consumed = 0;
    size_t there = step == 0 || step > len ? len : step;
    for (;;) {
        size_t count, left = there - found->consumed;
        const char *buf = guarded_put(g, data + found->consumed, left);
        ptrdiff_t n = fn_framing_scan(how, &state, buf, left, frames, batch, &count);
        CHECK(count <= batch, "%zu frames of %zu", count, batch);
        CHECK((n == FN_INVALID) == (state.error && count == 0), "%td with error %d", n, state.error);
        CHECK((n >= 0) == (count > 0), "%td with %zu frames", n, count);
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            CHECK(frames[i].start >= at && frames[i].end >= frames[i].start, "frame %zu at %zu", i, frames[i].start);
            CHECK(frames[i].end <= (size_t)n, "frame %zu ends at %zu of %td", i, frames[i].end, n);
            at = frames[i].end;
            CHECK(found->count <= MAX_STREAM, "too many frames");
            found->frames[found->count].start = frames[i].start + found->consumed;
            found->frames[found->count++].end = at + found->consumed;
        }
        if (n > 0) {
            CHECK((size_t)n <= left, "consumed %td of %zu", n, left);
            found->consumed += (size_t)n;
        }
        if (state.error) {
            CHECK(fn_framing_scan(how, &state, buf, 1, frames, batch, &count) == FN_INVALID, "after an error");
            CHECK(count == 0, "frames after an error");
            break;
        }
        if (count == batch) continue;
        if (there == len) break;
        there = len - there < step ? len : there + step;
    }
    found->needed = state.needed;
    found->announced = state.announced;
    found->error = state.error;
    found->waits = state.waits;
}

static inline void same_frames(const frames_found *a, const frames_found *b, size_t step) {
    CHECK(a->error == b->error && a->announced == b->announced, "cut every %zu: errors %d and %d, of %llu and %llu",
          step, a->error, b->error, (unsigned long long)a->announced, (unsigned long long)b->announced);
    CHECK(a->count == b->count && a->consumed == b->consumed, "cut every %zu: %zu and %zu frames", step, a->count,
          b->count);
    CHECK(memcmp(a->frames, b->frames, a->count * sizeof(fn_frame)) == 0, "cut every %zu: frames", step);
    CHECK(a->error || a->waits == b->waits, "cut every %zu: waits", step);
    CHECK(a->error || a->needed == b->needed, "cut every %zu: needed %zu, %zu", step, a->needed, b->needed);
}

#endif
