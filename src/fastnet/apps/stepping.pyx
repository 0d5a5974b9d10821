"""Coroutines stepped at once inside a real task, without a task for each.

Most requests never wait: their coroutine is done after one step. Making an asyncio.Task for it costs more than the step,
and a turn of the loop besides. But libraries rely on the task: `asyncio.current_task()`, `task.cancel()`, `TaskGroup`,
`asyncio.timeout`, anyio's cancel scopes, sniffio. So each loop keeps one spare task, real in every respect, whose
coroutine is a `Spare`: an object that waits for itself. A request's coroutine takes its first step with the spare as the
current task, in a context of its own (contextvars do not leak into the next request). Then:

- it is done: the spare has noticed nothing and serves the next request. Unless somebody left a mark on the task: cancelled
  it, named it, added a callback, set an attribute, keeps a reference or a weak one. Then the task ends with this request,
  as the one who left the mark expects, and the next request gets a new one.
- it waits: the task is woken on the spot, is given what the coroutine waits for, and from then on is an ordinary task
  that drives this coroutine through the Spare until it ends. The next request gets a new one.

Works with asyncio's and uvloop's loops. One Stepper a loop, used in the loop's thread only.
"""

import contextvars
import sys
import weakref

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF

cdef extern from *:
    """
    /* As weakref.getweakrefcount(): how many there are, by walking the list. -1: the list is not ours to walk. */
    static Py_ssize_t fn_weak_count(PyObject *o)
    {
    #ifdef Py_GIL_DISABLED
        return -1;
    #else
        PyWeakReference *at = *(PyWeakReference **)PyObject_GET_WEAKREFS_LISTPTR(o);
        Py_ssize_t n = 0;
        for (; at; at = at->wr_next)
            n++;
        return n;
    #endif
    }
    """
    Py_ssize_t fn_weak_count(object o) noexcept

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT
    PySendResult PyIter_Send(object iterator, object value, PyObject **result) except PYGEN_ERROR
    object PyContext_Copy(object context)
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    Py_ssize_t Py_REFCNT(object o)
    int PyCoro_CheckExact(object o)


cdef class CoroutineExchange(Exchange):
    cdef int finished(self, object error) except -1:
        """The coroutine has returned (`error` is None) or raised `error`."""
        return 0


cdef bint is_cancelled(object error):
    """Whether it is asyncio's CancelledError. Without asyncio, which is four megabytes, there is none."""
    exceptions = sys.modules.get("asyncio.exceptions")
    return exceptions is not None and isinstance(error, exceptions.CancelledError)


@cython.final
cdef class Spare:
    """The coroutine of a spare task, and the future which that task waits for while it is spare."""

    # As a coroutine (collections.abc.Coroutine), stepped by the task.

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if not self.advance(None):
            raise StopIteration
        return self.take()

    def send(self, value):
        if not self.advance(None):
            raise StopIteration
        return self.take()

    def throw(self, kind, value=None, traceback=None):
        if not isinstance(kind, BaseException):
            kind = kind() if value is None else value if isinstance(value, BaseException) else kind(value)
        if not self.advance(kind):
            raise StopIteration
        return self.take()

    def close(self):
        coroutine, self.coroutine = self.coroutine, None
        self.exchange = None
        if coroutine is not None and hasattr(coroutine, "close"):
            coroutine.close()

    # What those who look into a task's coroutine look for.

    @property
    def cr_code(self):
        return self.coroutine.cr_code

    @property
    def cr_frame(self):
        return getattr(self.coroutine, "cr_frame", None)

    @property
    def cr_await(self):
        return getattr(self.coroutine, "cr_await", None)

    @property
    def cr_running(self):
        return getattr(self.coroutine, "cr_running", False)

    @property
    def cr_suspended(self):
        return getattr(self.coroutine, "cr_suspended", True)

    @property
    def __name__(self):
        return getattr(self.coroutine, "__name__", "spare")

    @property
    def __qualname__(self):
        return getattr(self.coroutine, "__qualname__", "spare")

    # As a future, waited for by the task.

    @property
    def _asyncio_future_blocking(self):
        return self.blocking

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, value):
        self.blocking = value

    def touch(self):
        """Somebody has left a mark on the task."""
        self.touched = True

    def get_loop(self):
        return self.stepper.loop

    def add_done_callback(self, callback, *, context=None):
        self.wakeup = callback

    def result(self):
        if self.cancelled:
            raise sys.modules["asyncio.exceptions"].CancelledError
        return None

    def cancel(self, msg=None):
        # During the first step the task does not wait, whatever it believes: it is to cancel what comes next.
        if self.stepping or self.wakeup is None:
            return False
        self.cancelled = True
        wakeup, self.wakeup = self.wakeup, None
        if self.stepper.spare is self:
            self.stepper.spare = None
        self.stepper.loop.call_soon(wakeup, self)
        return True

    cdef object take(self):
        value, self.waiting = self.waiting, None
        return value

    cdef bint advance(self, object error) except -1:
        """Go on with the coroutine: True, and what it waits for is in `waiting`, or False: it has ended."""
        cdef PyObject *value = NULL
        cdef PySendResult status = PYGEN_RETURN
        cdef object failure = None
        cdef CoroutineExchange exchange
        if self.held:
            # The task takes over what the coroutine waits for. When it was cancelled before it could, that is what
            # its cancel() would have cancelled.
            self.held = False
            if error is None:
                return True
            if is_cancelled(error) and self.waiting is not None and self.waiting.cancel():
                return True
            self.waiting = None
        if not self.taken:
            return self.idle(error)
        PyContext_Enter(self.context)
        try:
            if error is None:
                status = PyIter_Send(self.coroutine, None, &value)
            else:
                self.waiting = self.coroutine.throw(error)
                status = PYGEN_NEXT
        except StopIteration as end:
            self.exchange.result = end.value
        except BaseException as raised:
            failure = raised
        finally:
            PyContext_Exit(self.context)
        if value is not NULL:
            if status == PYGEN_NEXT:
                self.waiting = <object>value
            else:
                self.exchange.result = <object>value
            Py_XDECREF(value)
        if status == PYGEN_NEXT:
            return True
        exchange, self.exchange = self.exchange, None
        self.coroutine = self.context = self.task = None
        self.stepper.running -= 1
        exchange.finished(failure)
        if failure is not None and is_cancelled(failure):
            raise failure
        return False

    cdef bint idle(self, object error) except -1:
        """A step without a coroutine to go on with: wait for one, or end."""
        if self.stepping or not (self.touched or error is not None):
            self.blocking = True
            self.waiting = self
            return True
        self.task = None
        if self.stepper.spare is self:
            self.stepper.spare = None
        if error is not None:
            raise error
        return False

    cdef bint clean(self, Py_ssize_t references) except -1:
        """Whether the task shows no trace of the coroutine that is done."""
        if self.touched or Py_REFCNT(self.task) != references:
            return False
        return count_weak(self.task) == self.stepper.weak_references

    cdef int retire(self) except -1:
        """End the task."""
        self.touched = True
        if self.stepper.spare is self:
            self.stepper.spare = None
        wakeup, self.wakeup = self.wakeup, None
        if wakeup is not None:
            self.stepper.loop.call_soon(wakeup, self)
        return 0


cdef Py_ssize_t count_weak(object task) except -1:
    cdef Py_ssize_t n = fn_weak_count(task)
    return n if n >= 0 else weakref.getweakrefcount(task)


@cython.final
cdef class Stepper:
    """Runs the coroutines of one loop. Make it in the loop's thread, in the context that requests are to start from."""

    def __cinit__(self, object loop):
        self.loop = loop
        self.base = contextvars.copy_context()
        # Here, since who makes none has no use for asyncio.
        from asyncio.tasks import _enter_task, _leave_task

        from fastnet.apps.request_task import RequestTask

        self.enter, self.leave, self.new_task = _enter_task, _leave_task, RequestTask

    def close(self):
        """End the spare task; the loop has to run once more for that."""
        if self.spare is not None:
            self.spare.retire()

    cdef Spare make(self):
        cdef Spare spare = Spare.__new__(Spare)
        spare.stepper = self
        spare.task = self.new_task(spare, loop=self.loop)
        spare.touched = False
        self.weak_references = count_weak(spare.task)
        return spare

    cdef int run(self, CoroutineExchange exchange, object coroutine) except -1:
        """Step `coroutine` once now and, unless that ends it, as a task from then on; tell `exchange` when it ends.

        No other task may be current. The spare one stays current until leave_task().
        """
        cdef Spare spare = self.spare
        cdef PyObject *value = NULL
        cdef PySendResult status = PYGEN_RETURN
        cdef object failure = None
        cdef Py_ssize_t references
        cdef object context = PyContext_Copy(self.base)
        if spare is None:
            spare = self.spare = self.make()
        if not PyCoro_CheckExact(coroutine):
            coroutine = coroutine.__await__()
        if self.current is not spare.task:
            self.leave_task()
            self.enter(self.loop, spare.task)
            self.current = spare.task
        references = Py_REFCNT(spare.task)
        spare.coroutine = coroutine
        spare.stepping = True
        PyContext_Enter(context)
        try:
            status = PyIter_Send(coroutine, None, &value)
        except BaseException as raised:
            failure = raised
        finally:
            PyContext_Exit(context)
            spare.stepping = False
        if status == PYGEN_NEXT:
            self.spare = None
            self.leave_task()
            spare.waiting = <object>value
            Py_XDECREF(value)
            spare.context = context
            spare.exchange = exchange
            spare.taken = spare.held = True
            self.running += 1
            if spare.wakeup is not None:
                wakeup, spare.wakeup = spare.wakeup, None
                wakeup(spare)
            return 0
        if value is not NULL:
            exchange.result = <object>value
            Py_XDECREF(value)
        spare.coroutine = None
        coroutine = None
        if failure is not None or not spare.clean(references):
            spare.retire()
        return exchange.finished(failure)

    cdef int leave_task(self) except -1:
        current, self.current = self.current, None
        if current is not None:
            self.leave(self.loop, current)
        return 0

    def submit(self, coroutine, done):
        """run() for those who write Python: `done(error)` is called when the coroutine has ended."""
        cdef _Submitted exchange = _Submitted.__new__(_Submitted)
        exchange.done = done
        try:
            self.run(exchange, coroutine)
        finally:
            self.leave_task()


@cython.final
cdef class _Submitted(CoroutineExchange):
    cdef object done

    cdef int finished(self, object error) except -1:
        self.done(error)
        return 0
