/* Whatever the framing, a stream has the same frames and the same error in any cuts, and no frame is over its limit. */
#include "tests/frames.h"

static const fn_framing_word words[] = {{"PUT", 3, -1}, {"set", 3, 1}};

/* The kind, its options and its limit, from three bytes. */
static void choose(fn_framing *how, uint8_t kind, uint8_t options, uint8_t limit) {
    static const unsigned widths[] = {1, 2, 3, 4, 8};
    static const char *const delimiters[] = {"\n", "ab", "aa", "aab"};
    fn_line_end end = (fn_line_end)(options % 3);
    int made;
    switch (kind % 11) {
    case 0: {
        size_t offset = options & 8 ? 3 : 0;
        made = fn_framing_prefix(how, widths[(options >> 4) % 5], options & 1, options & 2, offset, limit + 16u);
        break;
    }
    case 1: made = fn_framing_varint(how, limit); break;
    case 2: made = fn_framing_fixed(how, limit + 1u); break;
    case 3: made = fn_framing_netstring(how, limit); break;
    case 4: made = fn_framing_delimiter(how, delimiters[options % 4], strlen(delimiters[options % 4]), limit); break;
    case 5: made = fn_framing_lines(how, end, limit); break;
    case 6: made = fn_framing_dot(how, options & 1, limit); break;
    case 7: made = fn_framing_reply(how, end, options & 8, limit, limit + (options >> 4)); break;
    case 8: made = fn_framing_counted(how, end, words, 2, options & 8, limit, limit + (options >> 4)); break;
    case 9: made = fn_framing_literals(how, limit, limit + (options >> 4) * 2u); break;
    default: made = fn_framing_telnet(how, limit); break;
    }
    CHECK(made == 0, "kind %d, options %d, limit %d", kind, options, limit);
}

/* The parts of a frame lie in it, in order. */
static void split(const fn_framing *how, const char *text, fn_frame frame) {
    size_t len = frame.end - frame.start, at = 0;
    fn_frame a, b;
    if (how->kind == FN_FRAMING_COUNTED) {
        int has_body = fn_framing_split_counted(how, text, len, &a, &b);
        CHECK(a.start == 0 && a.end <= how->max_line && b.start > a.end && b.end <= len, "%zu of %zu", b.end, len);
        CHECK(has_body ? b.end < len && b.end - b.start <= how->max_frame : b.start == len, "body of %zu", len);
    } else if (how->kind == FN_FRAMING_LITERALS) {
        for (int more = 1; more;) {
            size_t before = at;
            more = fn_framing_split_literals(text, len, &at, &a, &b);
            CHECK(a.start == before && b.start >= a.end + 2 && b.end == at && at <= len, "at %zu of %zu", at, len);
        }
        CHECK(at == len, "%zu of %zu", at, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    static frames_found whole, cut;
    if (memory.start == NULL) memory = guarded_new(MAX_STREAM);
    if (size < 3 || size - 3 > MAX_STREAM) return 0;
    fn_framing how;
    choose(&how, input[0], input[1], input[2]);
    const char *data = (const char *)input + 3;
    size_t len = size - 3, steps[] = {1, 2, 3, 1 + len % 7, 1 + len / 2, 1 + input[2] % 31u};
    frames_of(&whole, memory, &how, data, len, 0, 64);
    for (size_t i = 0; i < whole.count; i++) {
        size_t most = how.max_frame + (how.kind == FN_FRAMING_COUNTED ? how.max_line + 4 : 2);
        int is_data = how.kind == FN_FRAMING_TELNET && (uint8_t)data[whole.frames[i].start] != 255;
        if (how.kind == FN_FRAMING_TELNET) most += 3;
        CHECK(is_data || whole.frames[i].end - whole.frames[i].start <= most, "frame %zu over the limit", i);
    }
    for (size_t i = 0; i < whole.count; i++) split(&how, data + whole.frames[i].start, whole.frames[i]);
    if (how.kind == FN_FRAMING_TELNET) {
        /* Data come in runs as they arrive: only their ends, and what is a command, are the same. */
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            frames_of(&cut, memory, &how, data, len, steps[i], 1 + i);
            CHECK(cut.error == whole.error && cut.consumed == whole.consumed, "cut every %zu", steps[i]);
            CHECK(cut.error || cut.needed == whole.needed, "cut every %zu: needed %zu", steps[i], cut.needed);
        }
        return 0;
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        frames_of(&cut, memory, &how, data, len, steps[i], 1 + i);
        same_frames(&whole, &cut, steps[i]);
    }
    return 0;
}
