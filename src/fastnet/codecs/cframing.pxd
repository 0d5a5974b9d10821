# The C kernels of csrc/include/fastnet/framing.h, as Cython sees them.
# For the extension that owns them (codecs/framing); everyone else cimports codecs.framing.
from libc.stdint cimport int8_t, uint8_t, uint64_t

cdef extern from "fastnet/framing.h" nogil:
    ctypedef enum fn_framing_error:
        FN_FRAMING_OK
        FN_FRAMING_TOO_LONG

    ctypedef enum fn_line_end:
        FN_LINE_LF
        FN_LINE_CRLF
        FN_LINE_LENIENT

    enum:
        FN_DELIMITER_MAX
    size_t FN_FRAMING_LIMIT_MAX

    ctypedef struct fn_framing_word:
        const char *word
        uint8_t len
        int8_t index

    ctypedef struct fn_framing:
        size_t max_frame

    ctypedef struct fn_framing_state:
        size_t needed
        uint64_t announced
        uint8_t error
        uint8_t waits

    ctypedef struct fn_frame:
        size_t start
        size_t end

    int fn_framing_prefix(fn_framing *how, unsigned length_bytes, int big_endian, int inclusive, size_t offset,
                          size_t max_frame)
    int fn_framing_varint(fn_framing *how, size_t max_frame)
    int fn_framing_fixed(fn_framing *how, size_t size)
    int fn_framing_netstring(fn_framing *how, size_t max_frame)
    int fn_framing_delimiter(fn_framing *how, const char *delimiter, size_t n, size_t max_frame)
    int fn_framing_lines(fn_framing *how, fn_line_end end, size_t max_frame)
    int fn_framing_dot(fn_framing *how, int allow_bare, size_t max_frame)
    int fn_framing_reply(fn_framing *how, fn_line_end end, int free_lines, size_t max_line, size_t max_frame)
    int fn_framing_counted(fn_framing *how, fn_line_end end, const fn_framing_word *words, size_t count,
                           int ignore_case, size_t max_line, size_t max_frame)
    int fn_framing_literals(fn_framing *how, size_t max_line, size_t max_frame)
    int fn_framing_telnet(fn_framing *how, size_t max_frame)
    Py_ssize_t fn_framing_scan(const fn_framing *how, fn_framing_state *state, const char *buf, size_t n,
                               fn_frame *frames, size_t max_frames, size_t *count)
    int fn_framing_split_counted(const fn_framing *how, const char *frame, size_t n, fn_frame *line, fn_frame *body)
    int fn_framing_split_literals(const char *frame, size_t n, size_t *at, fn_frame *text, fn_frame *literal)
    const char *fn_framing_error_text(int error)
