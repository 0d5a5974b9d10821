"""The events of remote calls, the same for every RPC protocol.

Who serves gets a Call, fills in `result` or `fault`, and sends it back; and it may get a Cancel, and send an Item before
the end. Who calls sends a Call, and gets an Answer, after Items if it asked for a stream.
"""

cimport cython


@cython.final
@cython.freelist(64)
@cython.auto_pickle(False)
cdef class Call:
    """A method is to be called. Sent by a caller; a server fills in `result`, or `fault`, and sends it back."""

    def __init__(self, id, str method not None, params=(), *, bint one_way=False, bint stream=False, timeout_s=None,
                 batch=None):
        self.id, self.method, self.params, self.one_way = id, method, params, one_way
        self.stream, self.timeout_s, self.batch = stream, timeout_s, batch

    def __repr__(self):
        return f"Call(id={self.id!r}, method={self.method!r}, params={self.params!r}, one_way={self.one_way})"


cdef Call new_call(object id, object method, object params, bint one_way):
    cdef Call call = Call.__new__(Call)
    call.id, call.method, call.params, call.one_way = id, method, params, one_way
    return call


@cython.final
@cython.freelist(64)
@cython.auto_pickle(False)
cdef class Answer:
    """The result of the call `id`, or its fault, an RPCError. The id None: the peer could not make out which call."""

    def __init__(self, id, result=None, fault=None):
        self.id, self.result, self.fault = id, result, fault

    def __repr__(self):
        return f"Answer(id={self.id!r}, result={self.result!r}, fault={self.fault!r})"


@cython.final
@cython.auto_pickle(False)
cdef class Item:
    """One of the items that come before the answer to a call that asked for a stream."""
    cdef readonly object id, value

    def __init__(self, id, value):
        self.id, self.value = id, value

    def __repr__(self):
        return f"Item(id={self.id!r}, value={self.value!r})"


@cython.final
@cython.auto_pickle(False)
cdef class Cancel:
    """Whoever made the call `id` does not wait for its answer any more. The call is answered all the same."""
    cdef readonly object id

    def __init__(self, id):
        self.id = id

    def __repr__(self):
        return f"Cancel(id={self.id!r})"
