# Methods of an RPC service, and the way from a Call to its result.

cdef class Method:
    cdef readonly str name
    cdef readonly object function, signature, kinds, result, timeout_s
    cdef readonly str doc
    cdef readonly bint is_async, is_stream
    cdef object _bind                 # params -> (args, kwargs), for what is not as simple as can be
    cdef tuple _exact                 # of each positional parameter; object: any, None: needs a check
    cdef Py_ssize_t _required, _most
    cdef bint _plain
    cpdef invoke(self, params)
