# Framing. The C face of fastnet.codecs.framing: what a framing is made of, and the scan for frames in a buffer; see
# fastnet/framing.h. A framing of your own, compiled, is a subclass of ByteFraming or Framing that sets `how`.
from fastnet.codecs.cframing cimport fn_frame, fn_framing, fn_framing_state, fn_framing_word, fn_line_end
from fastnet.codecs.framing_memory cimport Block

# fn_framing_scan(): bytes consumed, or -1 (no whole frame yet) or -2 (bad), and `count` places in `frames`.
cdef Py_ssize_t scan(const fn_framing *how, fn_framing_state *state, const char *buf, size_t n, fn_frame *frames,
                     size_t max_frames, size_t *count) noexcept nogil

cdef int set_prefix(fn_framing *how, unsigned int length_bytes, bint big_endian, bint inclusive, size_t offset,
                    size_t max_frame) noexcept
cdef int set_varint(fn_framing *how, size_t max_frame) noexcept
cdef int set_fixed(fn_framing *how, size_t size) noexcept
cdef int set_netstring(fn_framing *how, size_t max_frame) noexcept
cdef int set_delimiter(fn_framing *how, const char *delimiter, size_t n, size_t max_frame) noexcept
cdef int set_lines(fn_framing *how, fn_line_end end, size_t max_frame) noexcept
cdef int set_dot(fn_framing *how, bint allow_bare, size_t max_frame) noexcept
cdef int set_reply(fn_framing *how, fn_line_end end, bint free_lines, size_t max_line, size_t max_frame) noexcept
cdef int set_counted(fn_framing *how, fn_line_end end, const fn_framing_word *words, size_t count, bint ignore_case,
                     size_t max_line, size_t max_frame) noexcept
cdef int set_literals(fn_framing *how, size_t max_line, size_t max_frame) noexcept
cdef int set_telnet(fn_framing *how, size_t max_frame) noexcept
cdef int split_counted(const fn_framing *how, const char *frame, size_t n, fn_frame *line, fn_frame *body) noexcept
cdef int split_literals(const char *frame, size_t n, size_t *at, fn_frame *text, fn_frame *literal) noexcept

# A limit in bytes from 0 (or `least`) to what the kernels can count; ConfigError names `option` otherwise.
cdef size_t check_limit(str option, object value, size_t least=*) except? 0

cdef class Framing:
    cdef fn_framing how
    cdef bint is_plain                   # frames are what the scan finds, unchanged
    cdef bint is_bytes                   # frames are bytes
    cdef readonly size_t max_frame_bytes
    cdef object unwrap(self, const char *p, Py_ssize_t n)     # what the scan found -> a frame, or None for none
    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1    # at most so many bytes
    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL   # returns the end
    cdef bytes proven(self, bytes wire, object frame)         # wire, if it is that one frame; else ValueError

cdef class ByteFraming(Framing):
    pass

cdef class Decoder:
    cdef readonly Framing framing
    cdef fn_framing how
    cdef fn_framing_state state
    cdef Block block                     # holds the unfinished frame, from `begin` to `end`
    cdef size_t begin, end, lent
    cdef int mode, busy
    cdef object failure                  # (class, arguments) of the error that ended it

    cdef int _take(self) except -1
    cdef object _run(self, bytes owner, const char *p, size_t n)
    cdef int _collect(self, object out, bytes owner, const char *p, size_t n) except -1
    cdef Py_ssize_t _complete(self, object out, const char *p, size_t n) except -1
    cdef Py_ssize_t _scan(self, object out, object owner, const char *p, size_t n, size_t shift) except -1
    cdef int _scan_block(self, object out) except -1
    cdef int _emit(self, object out, object holder, const char *p, size_t shift, const fn_frame *frames,
                   size_t count) except -1
    cdef int _fail(self) except -1
    cdef int _end(self, object kind, tuple arguments) except -1
    cdef int _append(self, const char *p, size_t n) except -1
    cdef int _reserve(self, size_t n) except -1
    cdef int _emptied(self) except -1
