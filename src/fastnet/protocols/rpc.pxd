# The events of RPC; the C face of fastnet.protocols.rpc.

cdef class Call:
    cdef readonly object id          # None for a notification
    cdef readonly object method      # str
    cdef readonly object params      # list, or dict for arguments by name
    cdef readonly bint one_way       # a notification: nobody waits for an answer
    cdef readonly bint stream        # the caller takes items before the result
    cdef readonly object timeout_s   # the caller's own deadline, or None
    cdef public object result
    cdef public object fault         # an RPCError, instead of a result
    cdef public object batch         # what it came in, for the protocol

cdef Call new_call(object id, object method, object params, bint one_way)

cdef class Answer:
    cdef readonly object id
    cdef readonly object result
    cdef readonly object fault
