/* Streams and the frames they must give, whole and cut at every place, each ending at a page nobody may touch. */
#include "frames.h"

static guarded memory;

/* Frames as text, each in brackets, and the error's number after '!' if there is one. */
static void gives(const fn_framing *how, const char *data, size_t len, const char *wanted) {
    static frames_found whole, cut;
    char got[512];
    size_t used = 0;
    frames_of(&whole, memory, how, data, len, 0, 64);
    for (size_t i = 0; i < whole.count; i++) {
        fn_frame f = whole.frames[i];
        used += (size_t)snprintf(got + used, sizeof got - used, "[%.*s]", (int)(f.end - f.start), data + f.start);
    }
    snprintf(got + used, sizeof got - used, whole.error ? "!%d" : "", whole.error);
    CHECK(strcmp(got, wanted) == 0, "%s, not %s", got, wanted);
    for (size_t step = 1; step <= len; step++) {
        for (size_t batch = 1; batch <= 3; batch++) {
            frames_of(&cut, memory, how, data, len, step, batch);
            same_frames(&whole, &cut, step);
        }
    }
}

#define GIVES(how, data, wanted) gives(how, data, sizeof(data) - 1, wanted)

static void lengths(void) {
    fn_framing how;
    fn_framing_prefix(&how, 1, 0, 0, 0, 3);
    GIVES(&how, "\003abc\000\001d\003x", "[abc][][d]");
    GIVES(&how, "\003abc\004", "[abc]!1");
    fn_framing_prefix(&how, 2, 0, 0, 0, 300);
    GIVES(&how, "\002\000ab", "[ab]");
    fn_framing_prefix(&how, 3, 1, 1, 0, 300);
    GIVES(&how, "\000\000\005ab\000\000\003\000\000\002", "[ab][]!2");
    fn_framing_prefix(&how, 4, 1, 0, 2, 10);
    GIVES(&how, "ab\001\001\001\001", "!1");
    fn_framing_prefix(&how, 8, 0, 0, 0, 10);
    GIVES(&how, "\002\0\0\0\0\0\0\0ab\377\377\377\377\377\377\377\377", "[ab]!1");
    fn_framing_varint(&how, 200);
    GIVES(&how, "\001a\202\000bc\377\377\377\377\377\377\377\377\377\001", "[a][bc]!1");
    GIVES(&how, "\377\377\377\377\377\377\377\377\377\002", "!2");
    fn_framing_fixed(&how, 2);
    GIVES(&how, "abcde", "[ab][cd]");
    fn_framing_netstring(&how, 11);
    GIVES(&how, "0:,2:ab,11:hello world,", "[][ab][hello world]");
    GIVES(&how, "1:a,12:", "[a]!1");
    GIVES(&how, "1:a;", "!3");
    GIVES(&how, "01:a,", "!2");
    GIVES(&how, ":,", "!2");
}

static void ends(void) {
    fn_framing how;
    fn_framing_delimiter(&how, "aab", 3, 4);
    GIVES(&how, "aaaabxaabaab", "[aa][x][]");
    GIVES(&how, "xxxxxaab", "!1");
    fn_framing_lines(&how, FN_LINE_CRLF, 3);
    GIVES(&how, "abc\r\n\r\nx", "[abc][]");
    GIVES(&how, "abcd\r\n", "!1");
    GIVES(&how, "a\n", "!4");
    GIVES(&how, "a\rb\r\n", "!4");
    fn_framing_lines(&how, FN_LINE_LENIENT, 3);
    GIVES(&how, "abc\r\nabc\n\n", "[abc][abc][]");
    GIVES(&how, "abcd\n", "!1");
    GIVES(&how, "abcd\r\n", "!1");
    fn_framing_lines(&how, FN_LINE_LF, 3);
    GIVES(&how, "ab\r\nabcd", "[ab\r]!1");
    fn_framing_dot(&how, 0, 12);
    GIVES(&how, ".\r\na\r\n..b\r\n.\r\n", "[][a\r\n..b\r\n]");
    GIVES(&how, "a\n.\n", "!4");
    GIVES(&how, "a\r\n.\r.\r\n", "!4");
    GIVES(&how, "0123456789a\r\n.\r\n", "!1");
    fn_framing_dot(&how, 0, 3);
    GIVES(&how, "a\r\n.\r\n", "[a\r\n]");
    GIVES(&how, "ab\r\n.\r\n", "!1");
    fn_framing_dot(&how, 1, 30);
    GIVES(&how, "a\n.\n.\r\n\r.\r\n\r\n.\r\n", "[a\n.\n.\r\n\r.\r\n\r\n]");
    fn_framing_reply(&how, FN_LINE_CRLF, 0, 9, 16);
    GIVES(&how, "220 x\r\n250-a\r\n250 b\r\n354\r\n", "[220 x\r\n][250-a\r\n250 b\r\n][354\r\n]");
    GIVES(&how, "250-a\r\n251 b\r\n", "!5");
    GIVES(&how, "25 a\r\n", "!5");
    GIVES(&how, "950 a\r\n", "!5");
    GIVES(&how, "250-a\r\n250-b\r\n250-c", "");
    GIVES(&how, "250-a\r\n250-b\r\n250-c\r\n", "!1");
    GIVES(&how, "250-abcdefg\r\n", "!1");
    GIVES(&how, "250-abc\r\n250 x\r\n", "[250-abc\r\n250 x\r\n]");
    GIVES(&how, "250-abc\r\n250 xy\r\n", "!1");
    fn_framing_reply(&how, FN_LINE_CRLF, 1, 20, 60);
    GIVES(&how, "211-a\r\n 211 x\r\n211-y\r\n250 z\r\n211 end\r\n", "[211-a\r\n 211 x\r\n211-y\r\n250 z\r\n211 end\r\n]");
}

static void bodies(void) {
    static const fn_framing_word words[] = {{"PUB", 3, -1}, {"set", 3, 4}};
    fn_framing how;
    fn_framing_counted(&how, FN_LINE_CRLF, words, 2, 0, 20, 5);
    GIVES(&how, "PING\r\nPUB a 5\r\nhello\r\nset k 0 0 2 n\r\nhi\r\n", "[PING\r\n][PUB a 5\r\nhello\r\n][set k 0 0 2 n\r\nhi\r\n]");
    GIVES(&how, "pub a 5\r\n", "[pub a 5\r\n]");
    GIVES(&how, "PUB a 6\r\n", "!1");
    GIVES(&how, "PUB a 99999999999999999999999999\r\n", "!1");
    GIVES(&how, "PUB\r\n", "!2");
    GIVES(&how, "set k 0 0\r\n", "!2");
    GIVES(&how, "PUB a 2\r\nabc", "!3");
    GIVES(&how, "PUB a 2\r\nab\rc", "!3");
    fn_framing_counted(&how, FN_LINE_LENIENT, words, 2, 1, 20, 5);
    GIVES(&how, " pub\ta 2\nab\nPub 0\r\n\r\n", "[ pub\ta 2\nab\n][Pub 0\r\n\r\n]");
    fn_framing_literals(&how, 20, 30);
    GIVES(&how, "a {3}\r\n\r\n\n {0+}\r\n\r\nb\r\n", "[a {3}\r\n\r\n\n {0+}\r\n\r\n][b\r\n]");
    GIVES(&how, "a {x}\r\n{}\r\n {1 }\r\n", "[a {x}\r\n][{}\r\n][ {1 }\r\n]");
    GIVES(&how, "a {23}\r\n", "!1");
    GIVES(&how, "a {99999999999999999999999}\r\n", "!1");
    GIVES(&how, "{20}\r\n01234567890123456789ab\r\n", "[{20}\r\n01234567890123456789ab\r\n]");
    GIVES(&how, "{20}\r\n01234567890123456789abc\r\n", "!1");
    fn_framing_telnet(&how, 3);
    GIVES(&how, "\377\361\377\375\001", "[\377\361][\377\375\001]");
    GIVES(&how, "\377\372\001\377\377\377\360", "[\377\372\001\377\377\377\360]");
    GIVES(&how, "\377\372\001\377\361", "!6");
    GIVES(&how, "\377\372\001abcd\377\360", "!1");
    GIVES(&how, "\377\001", "!6");
}

static void waiting(void) {
    fn_framing how;
    fn_framing_state state = {0};
    fn_frame frame;
    size_t count;
    const char *text = "a {2}\r\nxy\r\n";
    fn_framing_literals(&how, 20, 30);
    for (size_t len = 1; len <= strlen(text); len++) {
        fn_framing_scan(&how, &state, guarded_put(memory, text, len), len, &frame, 1, &count);
        CHECK(state.waits == (len == 7), "waits after %zu bytes", len);
    }
    CHECK(count == 1, "%zu frames", count);
    fn_framing_state at_once = {0};
    fn_framing_scan(&how, &at_once, guarded_put(memory, text, 8), 8, &frame, 1, &count);
    CHECK(!at_once.waits, "waits for what is there");
}

static void refusals(void) {
    fn_framing how;
    CHECK(fn_framing_prefix(&how, 5, 1, 0, 0, 1) == -1, "five bytes");
    CHECK(fn_framing_prefix(&how, 0, 1, 0, 0, 1) == -1, "no bytes");
    CHECK(fn_framing_prefix(&how, 4, 1, 0, 65536, 1 << 20) == -1, "an offset");
    CHECK(fn_framing_prefix(&how, 4, 1, 0, 4, 7) == -1, "a limit below the header");
    CHECK(fn_framing_prefix(&how, 4, 1, 0, 4, 8) == 0, "a limit of the header");
    CHECK(fn_framing_varint(&how, FN_FRAMING_LIMIT_MAX) == 0, "the greatest limit");
    CHECK(fn_framing_varint(&how, FN_FRAMING_LIMIT_MAX + 1) == -1, "a limit");
    CHECK(fn_framing_netstring(&how, FN_FRAMING_LIMIT_MAX) == -1, "a limit for decimal digits");
    CHECK(fn_framing_fixed(&how, 0) == -1, "no size");
    CHECK(fn_framing_delimiter(&how, "", 0, 1) == -1, "no delimiter");
    for (int error = 0; error < FN_FRAMING_ERROR_COUNT; error++) {
        CHECK(strcmp(fn_framing_error_text(error), "unknown error") != 0, "text of %d", error);
    }
    CHECK(strcmp(fn_framing_error_text(FN_FRAMING_ERROR_COUNT), "unknown error") == 0, "text");
}

int main(void) {
    memory = guarded_new(MAX_STREAM);
    lengths();
    ends();
    bodies();
    waiting();
    refusals();
    return 0;
}
