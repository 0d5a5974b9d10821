/* Frames: what each type may be, cut anywhere, ending at a guarded page. */
#include "check.h"
#include "fastnet/http2.h"

static guarded memory;

enum { FINE = 0, OF_STREAM = 100 }; /* OF_STREAM + code: an error of the stream alone */

typedef struct {
    const char *what;
    uint8_t type, flags;
    uint32_t stream, len;
    char payload[12]; /* its first bytes; zeros follow */
    int expected;
    uint32_t at, rest; /* what is left of the payload, if it is fine */
} row;

static const row rows[] = {
    {"DATA", 0, 0, 1, 5, "abcde", FINE, 9, 5},
    {"empty DATA", 0, 1, 1, 0, "", FINE, 9, 0},
    {"padded DATA", 0, 8, 1, 5, "\2ab", FINE, 10, 2},
    {"all padding", 0, 8, 1, 5, "\4", FINE, 10, 0},
    {"too much padding", 0, 8, 1, 5, "\5", 1, 0, 0},
    {"no padding length", 0, 8, 1, 0, "", 6, 0, 0},
    {"DATA of no stream", 0, 0, 0, 1, "", 1, 0, 0},
    {"HEADERS", 1, 4, 1, 3, "abc", FINE, 9, 3},
    {"HEADERS with priority", 1, 0x24, 1, 8, "\0\0\0\3\7abc", FINE, 14, 3},
    {"HEADERS with both", 1, 0x2c, 1, 9, "\1\0\0\0\3\7ab", FINE, 15, 2},
    {"HEADERS, priority cut", 1, 0x24, 1, 4, "", 6, 0, 0},
    {"HEADERS that depends on itself", 1, 0x24, 5, 5, "\200\0\0\5", OF_STREAM + 1, 0, 0},
    {"HEADERS of no stream", 1, 4, 0, 1, "", 1, 0, 0},
    {"PRIORITY", 2, 0, 1, 5, "\0\0\0\3", FINE, 9, 5},
    {"PRIORITY too short", 2, 0, 1, 4, "", OF_STREAM + 6, 0, 0},
    {"PRIORITY too long", 2, 0, 1, 6, "", OF_STREAM + 6, 0, 0},
    {"PRIORITY of itself", 2, 0, 1, 5, "\0\0\0\1", OF_STREAM + 1, 0, 0},
    {"PRIORITY of no stream", 2, 0, 0, 5, "", 1, 0, 0},
    {"RST_STREAM", 3, 0, 1, 4, "\0\0\0\10", FINE, 9, 4},
    {"RST_STREAM of no stream", 3, 0, 0, 4, "", 1, 0, 0},
    {"RST_STREAM too short", 3, 0, 1, 3, "", 6, 0, 0},
    {"SETTINGS", 4, 0, 0, 12, "", FINE, 9, 12},
    {"SETTINGS acknowledged", 4, 1, 0, 0, "", FINE, 9, 0},
    {"SETTINGS acknowledged with payload", 4, 1, 0, 6, "", 6, 0, 0},
    {"SETTINGS of 5 bytes", 4, 0, 0, 5, "", 6, 0, 0},
    {"SETTINGS of a stream", 4, 0, 1, 0, "", 1, 0, 0},
    {"PUSH_PROMISE", 5, 4, 1, 6, "\0\0\0\2ab", FINE, 13, 2},
    {"PUSH_PROMISE too short", 5, 4, 1, 3, "", 6, 0, 0},
    {"PUSH_PROMISE of no stream", 5, 4, 0, 6, "", 1, 0, 0},
    {"PING", 6, 0, 0, 8, "12345678", FINE, 9, 8},
    {"PING too short", 6, 0, 0, 7, "", 6, 0, 0},
    {"PING of a stream", 6, 0, 1, 8, "", 1, 0, 0},
    {"GOAWAY", 7, 0, 0, 10, "\0\0\0\7\0\0\0\2", FINE, 9, 10},
    {"GOAWAY too short", 7, 0, 0, 7, "", 6, 0, 0},
    {"GOAWAY of a stream", 7, 0, 1, 8, "", 1, 0, 0},
    {"WINDOW_UPDATE", 8, 0, 0, 4, "\0\0\0\1", FINE, 9, 4},
    {"WINDOW_UPDATE by 0", 8, 0, 0, 4, "\200\0\0\0", 1, 0, 0},
    {"WINDOW_UPDATE by 0 of a stream", 8, 0, 1, 4, "", OF_STREAM + 1, 0, 0},
    {"WINDOW_UPDATE too short", 8, 0, 1, 3, "", 6, 0, 0},
    {"CONTINUATION", 9, 4, 1, 3, "abc", FINE, 9, 3},
    {"CONTINUATION of no stream", 9, 4, 0, 3, "", 1, 0, 0},
    {"PRIORITY_UPDATE", 16, 0, 0, 7, "\0\0\0\1u=1", FINE, 13, 3},
    {"PRIORITY_UPDATE of no stream", 16, 0, 0, 7, "", 1, 0, 0},
    {"PRIORITY_UPDATE on a stream", 16, 0, 1, 7, "", 1, 0, 0},
    {"PRIORITY_UPDATE too short", 16, 0, 0, 3, "", 6, 0, 0},
    {"unknown", 99, 255, 12, 7, "", FINE, 9, 7},
    {"at the largest size", 0, 0, 1, 16384, "", FINE, 9, 16384},
    {"over it", 0, 0, 1, 16385, "", 6, 0, 0},
};

static void check_row(const row *r) {
    static char text[20000];
    size_t first = 0, size = 9 + (size_t)r->len;
    fn_http2_frame frame;
    memset(text, 0, sizeof text);
    fn_http2_put_header(text, r->len, r->type, r->flags, r->stream | 0x80000000);
    for (; first < r->len && first < sizeof r->payload; first++) text[9 + first] = r->payload[first];
    for (size_t n = 0; n <= size; n += n < 60 || n + 2 > size ? 1 : size - n > 61 ? 61 : 1) {
        ptrdiff_t got = fn_http2_parse(&frame, guarded_put(memory, text, n), n, 16384);
        if (got == FN_INVALID) {
            CHECK(frame.error == r->expected && n >= 9, "%s: error %d", r->what, frame.error);
            return;
        }
        CHECK(n < size ? got == FN_PARTIAL : got == (ptrdiff_t)size, "%s, cut at %zu: %td", r->what, n, got);
    }
    CHECK(frame.type == r->type && frame.stream == r->stream && frame.length == r->len, "%s", r->what);
    if (r->expected == FINE)
        CHECK(!frame.error && frame.at == r->at && frame.len == r->rest, "%s: %u, %u", r->what, frame.at, frame.len);
    else
        CHECK(frame.error + OF_STREAM == r->expected, "%s: stream error %d", r->what, frame.error);
}

static void check_numbers(void) {
    fn_http2_frame frame;
    CHECK(fn_http2_parse(&frame, "\0\0\4\3\0\0\0\0\1\0\0\0\10", 13, 16384) == 13 && frame.number == 8, "RST_STREAM");
    CHECK(fn_http2_parse(&frame, "\0\0\10\7\0\0\0\0\0\200\0\0\7\0\0\1\2", 17, 16384) == 17, "GOAWAY");
    CHECK(frame.last_stream == 7 && frame.number == 258, "GOAWAY: %u, %u", frame.last_stream, frame.number);
    CHECK(fn_http2_parse(&frame, "\0\0\4\10\0\0\0\0\1\377\377\377\377", 13, 16384) == 13, "WINDOW_UPDATE");
    CHECK(frame.number == 0x7fffffff, "%u", frame.number);
}

static void check_settings(void) {
    static const struct {
        uint16_t name;
        uint32_t value;
        int error;
    } settings[] = {{1, 0xffffffff, 0}, {2, 0, 0},     {2, 1, 0},     {2, 2, 1},        {3, 0, 0},        {4, 0x7fffffff, 0},
                    {4, 0x80000000, 3}, {5, 16383, 1}, {5, 16384, 0}, {5, 0xffffff, 0}, {5, 0x1000000, 1}, {6, 0, 0},
                    {8, 1, 0},          {8, 2, 1},     {9, 2, 1},     {0x99, 7, 0}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char text[6];
        uint16_t name;
        uint32_t value;
        text[0] = (char)(settings[i].name >> 8), text[1] = (char)settings[i].name;
        fn_http2_put_u32(text + 2, settings[i].value);
        int error = fn_http2_setting(guarded_put(memory, text, 6), &name, &value);
        CHECK(error == settings[i].error && name == settings[i].name && value == settings[i].value, "setting %zu", i);
    }
}

int main(void) {
    memory = guarded_new(20000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check_row(&rows[i]);
    check_numbers();
    check_settings();
    return 0;
}
