# Lines, for framings that are made of them.

# 'crlf', 'lf' or 'lenient' as an fn_line_end; ConfigError names `option` otherwise.
cdef int line_end_of(str option, object ending) except -1
