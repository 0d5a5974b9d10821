/* Framing: where the messages of a byte stream begin and end.
 *
 *     fn_framing how; fn_framing_state state = {0}; fn_frame frames[64]; size_t count;
 *     fn_framing_prefix(&how, 4, 1, 0, 0, 1 << 20);
 *     ptrdiff_t n = fn_framing_scan(&how, &state, buf, len, frames, 64, &count);
 *
 * buf[0] is where a frame begins. The answer is the number of bytes consumed: those of the `count` frames found, whose
 * places are in `frames`, as offsets into buf. FN_PARTIAL: there is no whole frame yet. FN_INVALID: the first frame is
 * bad; state.error says how. Call again, with the same state, with the bytes that were not consumed and more behind
 * them; or with those that are there already, if `count` was all that fits. A bad frame behind whole ones is told
 * together with these: state.error is set, and every later call answers FN_INVALID.
 *
 * The stream may be cut anywhere: the frames and the error are the same. A length over the limit is refused when it
 * has been read, before what it counts. Work is linear in the bytes, however they come. */
#ifndef FASTNET_FRAMING_H
#define FASTNET_FRAMING_H

#include "fastnet/base.h"

FN_BEGIN

typedef enum {
    FN_FRAMING_PREFIX = 0, /* frame: what the length counts; with an offset, the header too */
    FN_FRAMING_VARINT,     /* frame: what the length counts */
    FN_FRAMING_FIXED,
    FN_FRAMING_NETSTRING,  /* frame: what stands between ':' and ',' */
    FN_FRAMING_DELIMITER,  /* frame: without the delimiter */
    FN_FRAMING_LINES,      /* frame: without the line's end */
    FN_FRAMING_DOT,        /* frame: lines with their ends, still dot-stuffed, without the line "." */
    FN_FRAMING_REPLY,      /* frame: all lines of a reply, with their ends */
    FN_FRAMING_COUNTED,    /* frame: a line with its end, and the body with its end if there is one */
    FN_FRAMING_LITERALS,   /* frame: a line with its end, the literals in it included */
    FN_FRAMING_TELNET      /* frame: data without IAC, or one whole command, IAC and all */
} fn_framing_kind;

typedef enum {
    FN_LINE_LF = 0,  /* LF ends a line; CR is data */
    FN_LINE_CRLF,    /* CR LF ends a line; either by itself is an error */
    FN_LINE_LENIENT  /* LF ends a line, and a CR before it belongs to the end */
} fn_line_end;

typedef enum {
    FN_FRAMING_OK = 0,
    FN_FRAMING_TOO_LONG,     /* over max_frame or max_line; state.announced: the length, where one was announced */
    FN_FRAMING_BAD_LENGTH,   /* not a number, not in its one form, or less than the header it includes */
    FN_FRAMING_BAD_END,      /* what must follow the counted bytes does not */
    FN_FRAMING_BAD_LINE_END, /* CR or LF by itself */
    FN_FRAMING_BAD_REPLY,    /* no code of three digits, or another than the line before */
    FN_FRAMING_BAD_COMMAND,  /* a Telnet command that does not exist, or one inside a subnegotiation */
    FN_FRAMING_ERROR_COUNT
} fn_framing_error;

#define FN_DELIMITER_MAX 64

/* A first word that tells of a body, and which word of its line, from 0, has the body's length; -1 is the last. */
typedef struct {
    const char *word;
    uint8_t len;
    int8_t index;
} fn_framing_word;

/* A framing. Made by the functions below; no scan changes it. */
typedef struct {
    uint8_t kind; /* fn_framing_kind */
    uint8_t length_bytes, big_endian, inclusive;
    uint8_t line_end; /* fn_line_end */
    uint8_t ignore_case;   /* COUNTED */
    uint8_t free_lines;    /* REPLY: lines between the first and the last need no code */
    uint8_t allow_bare;    /* DOT: CR and LF by themselves are data */
    uint8_t delimiter_len;
    char delimiter[FN_DELIMITER_MAX];
    size_t offset;
    size_t size;
    size_t max_frame, max_line;
    const fn_framing_word *words;
    size_t word_count;
} fn_framing;

/* One stream's; begins as all zeros. */
typedef struct {
    size_t needed;      /* the unfinished frame has at least this many bytes; 0: nothing is known */
    uint64_t announced; /* see FN_FRAMING_TOO_LONG */
    size_t searched;    /* private: bytes of the unfinished frame that need not be looked at again */
    size_t mark;        /* private: where its current line begins, or its body */
    uint8_t error;      /* fn_framing_error */
    uint8_t phase;      /* private */
    uint8_t waits;      /* LITERALS: the peer waits for leave to send a literal */
} fn_framing_state;

typedef struct {
    size_t start, end;
} fn_frame;

#define FN_FRAMING_LIMIT_MAX (SIZE_MAX / 4)

/* Each returns 0, or -1 for an argument that cannot be: a limit of more than FN_FRAMING_LIMIT_MAX, and what is said
 * below. max_frame counts the bytes of a frame as defined above; of DOT and COUNTED those of the body. */

/* length_bytes: 1, 2, 3, 4 or 8. inclusive: the length counts itself and all before it, too. offset: bytes before the
 * length, to 65535; if there are any, max_frame must have room for the header. */
int fn_framing_prefix(fn_framing *how, unsigned length_bytes, int big_endian, int inclusive, size_t offset,
                      size_t max_frame);
int fn_framing_varint(fn_framing *how, size_t max_frame);           /* LEB128, to 64 bits, in 10 bytes at most */
int fn_framing_fixed(fn_framing *how, size_t size);                 /* not 0 */
int fn_framing_netstring(fn_framing *how, size_t max_frame);
/* 1 to FN_DELIMITER_MAX bytes, which are copied. */
int fn_framing_delimiter(fn_framing *how, const char *delimiter, size_t len, size_t max_frame);
int fn_framing_lines(fn_framing *how, fn_line_end end, size_t max_frame);
/* RFC 5321, section 4.5.2. Only CR LF "." CR LF ends it, or "." CR LF at once. */
int fn_framing_dot(fn_framing *how, int allow_bare, size_t max_frame);
/* RFC 5321, section 4.2.1: every line has the code. free_lines: RFC 959, section 4.2: the first and the last. */
int fn_framing_reply(fn_framing *how, fn_line_end end, int free_lines, size_t max_line, size_t max_frame);
/* `words` is kept, not copied. A body has the line's kind of end after it. */
int fn_framing_counted(fn_framing *how, fn_line_end end, const fn_framing_word *words, size_t count, int ignore_case,
                       size_t max_line, size_t max_frame);
/* RFC 3501, section 4.3, and RFC 7888: a line that ends in {n} or {n+} goes on after the n bytes that follow it. */
int fn_framing_literals(fn_framing *how, size_t max_line, size_t max_frame);
int fn_framing_telnet(fn_framing *how, size_t max_frame);           /* RFC 854, 855 */

ptrdiff_t fn_framing_scan(const fn_framing *how, fn_framing_state *state, const char *buf, size_t len,
                          fn_frame *frames, size_t max_frames, size_t *count);

/* The parts of a frame that a COUNTED scan found: its line without the end, and its body. Returns 1, or 0 where there
 * is no body. */
int fn_framing_split_counted(const fn_framing *how, const char *frame, size_t len, fn_frame *line, fn_frame *body);

/* The next part of a frame that a LITERALS scan found, from *at on, which is moved behind it: text without its {n} and
 * the end of its line, and the literal after it. Returns 1, or 0 where no literal follows: it is the last. */
int fn_framing_split_literals(const char *frame, size_t len, size_t *at, fn_frame *text, fn_frame *literal);

const char *fn_framing_error_text(int error);

FN_END

#endif
