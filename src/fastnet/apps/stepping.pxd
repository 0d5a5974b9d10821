# Coroutines stepped at once inside a real task; the C face of fastnet.apps.stepping.
from fastnet.apps.base cimport Exchange

# An exchange whose application side is a coroutine.
cdef class CoroutineExchange(Exchange):
    cdef object result            # what the coroutine returned
    cdef int finished(self, object error) except -1    # the coroutine has returned (None) or raised

cdef class Spare:
    cdef Stepper stepper
    cdef object task              # the asyncio.Task around this object
    cdef object coroutine         # of the application; None while idle
    cdef object context           # the contextvars of the request
    cdef object waiting           # what the coroutine yielded in its first step, until the task takes it over
    cdef object wakeup            # steps the task; None unless it waits for this object
    cdef CoroutineExchange exchange
    cdef bint blocking            # _asyncio_future_blocking
    cdef bint stepping            # the first step is on the stack
    cdef bint taken               # a coroutine was handed over: the task ends with it
    cdef bint held                # `waiting` is to be yielded
    cdef bint touched             # somebody did something to the task that must not reach another request
    cdef bint cancelled           # cancelled while idle
    cdef object take(self)
    cdef bint advance(self, object error) except -1
    cdef bint idle(self, object error) except -1
    cdef bint clean(self, Py_ssize_t references) except -1
    cdef int retire(self) except -1

cdef class Stepper:
    cdef readonly object loop
    cdef readonly long running    # coroutines that wait
    cdef object base              # the context that each request's is a copy of
    cdef object enter, leave      # asyncio's own switches of the current task
    cdef object new_task          # RequestTask
    cdef Py_ssize_t weak_references   # to a task that nobody has left a mark on
    cdef Spare spare
    cdef object current           # the task that is current until leave_task(); None: none of ours is
    cdef Spare make(self)
    cdef int leave_task(self) except -1
    cdef int run(self, CoroutineExchange exchange, object coroutine) except -1

cdef bint is_cancelled(object error)
