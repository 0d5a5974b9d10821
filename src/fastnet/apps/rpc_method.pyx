"""A method of an RPC service, and the straight way from a Call to its result, which is compiled: it is run for each call.

Arguments that are exactly what the annotations say are passed on as they are. Everything else, names, defaults, unions,
conversions, goes through the binding that apps.rpc_binding made of the signature.
"""

from types import GeneratorType

from cpython.object cimport PyObject

from fastnet.protocols.rpc cimport Call

from fastnet.protocols.rpc_errors import MethodNotFound

cdef extern from "Python.h":
    ctypedef struct PyListObject:
        PyObject **ob_item
    object PyObject_Vectorcall(object function, PyObject *const *args, size_t n, PyObject *names)
    PyObject *Py_TYPE(PyObject *o)
    PyObject *PyTuple_GET_ITEM(PyObject *t, Py_ssize_t i)
    PyObject *any_type "((PyObject *)&PyBaseObject_Type)"


cdef class Method:
    """A function, and what its signature says. Never changes."""

    def __init__(self, str name not None, function, signature, kinds, result, bind, exact, *, str doc="",
                 Py_ssize_t required=0, Py_ssize_t most=0, bint plain=False, bint is_async=False, bint is_stream=False,
                 timeout_s=None):
        self.name, self.function, self.signature = name, function, signature
        self.kinds, self.result, self.doc, self.timeout_s = kinds, result, doc, timeout_s
        self._bind, self._exact = bind, tuple(exact)
        self._required, self._most, self._plain = required, most, plain
        self.is_async, self.is_stream = is_async, is_stream

    cpdef invoke(self, params):
        """What the function returns, which may be a coroutine. Raises InvalidParams, and whatever it raises."""
        cdef Py_ssize_t i, n
        cdef PyObject **items
        cdef PyObject *exact
        if self._plain and type(params) is list:
            n = len(<list>params)
            if self._required <= n <= self._most:
                items = (<PyListObject *>params).ob_item
                for i in range(n):
                    exact = PyTuple_GET_ITEM(<PyObject *>self._exact, i)
                    if exact != any_type and exact != Py_TYPE(items[i]):
                        break
                else:
                    return PyObject_Vectorcall(self.function, items, n, NULL)
        args, kwargs = self._bind(params)
        return self.function(*args, **kwargs)


cdef class Dispatcher:
    """What answers the calls of a service of `def` methods: `answer` is a handler for fastnet.service().

    methods: Methods by name. fault_of(error, call): the RPCError to answer with. gather(generator): its items, for a
    caller who takes no stream. items(call, generator): for one who does, a generator of Items and then the Call.
    """
    cdef dict methods
    cdef object fault_of, gather, items

    def __init__(self, dict methods not None, fault_of, gather, items):
        self.methods, self.fault_of, self.gather, self.items = methods, fault_of, gather, items

    def answer(self, event):
        """The answer to an event: the Call itself; for a stream a generator of Items and then it; None."""
        cdef Call call
        cdef Method method
        if type(event) is not Call:
            return None
        call = <Call>event
        try:
            method = self.methods.get(call.method)
            if method is None:
                raise MethodNotFound(f"there is no method {call.method[:100]!r}")
            result = method.invoke(call.params)
            if type(result) is GeneratorType:
                if call.stream:
                    return self.items(call, result)
                result = self.gather(result)
            call.result = result
        except BaseException as error:
            call.fault = self.fault_of(error, call)
        return None if call.one_way else call
