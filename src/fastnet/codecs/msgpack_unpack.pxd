# What unpackb() and Unpacker take.

# The data's bytes in one piece, in `view`; returns what must be held, too, while they are used.
cdef object contiguous(object data, Py_buffer *view)
