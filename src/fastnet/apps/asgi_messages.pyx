"""What an ASGI application awaits: the awaitables of receive() and send(), and the exchange behind them, of any kind;
and what a message that it sends is made of.

They behave as coroutines would (collections.abc.Coroutine), in that nothing happens until they are awaited, but have no
frame; and as most of them never wait, awaiting one costs little more than calling it.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.string cimport memcmp

from fastnet.apps.base cimport Carrier
from fastnet.apps.stepping cimport CoroutineExchange
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport Connection

from fastnet.errors import ClientDisconnected

cdef extern from "Python.h":
    bint PyCoro_CheckExact(object o)

cdef extern from *:
    """
    /* An iterator's step: 1 and what it yields, 0 and what it returns, or -1. As tp_iternext the latter two are a
       StopIteration with a value, which C can set without making an exception object and a traceback first. */
    static int fn_receive_step(PyObject *self, PyObject **value);

    static PyObject *fn_receive_next(PyObject *self) {
        PyObject *value = NULL;
        int more = fn_receive_step(self, &value);
        if (more == 0) {
            PyErr_SetObject(PyExc_StopIteration, value);
            Py_CLEAR(value);
        }
        return value;
    }

    static void fn_use_receive_next(PyObject *type) {
        ((PyTypeObject *)type)->tp_iternext = fn_receive_next;
        PyType_Modified((PyTypeObject *)type);
    }
    """
    void fn_use_receive_next(object type)

cdef extern from *:
    """
    #include <string.h>
    /* The values that a dict has of n names, owned; NULL where it has none. Its keys are mostly the very objects that
       the names are: then one walk over it does, instead of n lookups. */
    static int fn_take_apart(PyObject *dict, PyObject *const *names, PyObject **values, int n)
    {
        int i;
        memset(values, 0, n * sizeof *values);
    #ifndef Py_GIL_DISABLED
        PyObject *key, *value;
        Py_ssize_t at = 0, left = PyDict_GET_SIZE(dict);
        for (; left > 0 && PyDict_Next(dict, &at, &key, &value); left--) {
            for (i = 0; i < n && key != names[i]; i++) {}
            if (i == n)
                break;
            values[i] = Py_NewRef(value);
        }
        if (left == 0)
            return 0;
        for (i = 0; i < n; i++)
            if (!values[i]) {
                values[i] = Py_XNewRef(PyDict_GetItemWithError(dict, names[i]));
                if (!values[i] && PyErr_Occurred())
                    break;
            }
    #else
        for (i = 0; i < n; i++)
            if (PyDict_GetItemRef(dict, names[i], &values[i]) < 0)
                break;
    #endif
        if (i == n)
            return 0;
        for (i = 0; i < n; i++)
            Py_CLEAR(values[i]);
        return -1;
    }
    """
    int fn_take_apart(dict message, PyObject **names, PyObject **values, int n) except -1

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object s, Py_ssize_t *n) except NULL


cdef int take_apart(dict message, PyObject **values) except -1:
    cdef PyObject *names[N_FIELDS]
    names[TYPE], names[BODY_FIELD], names[MORE_BODY] = <PyObject *>"type", <PyObject *>"body", <PyObject *>"more_body"
    names[STATUS], names[HEADERS] = <PyObject *>"status", <PyObject *>"headers"
    names[TRAILERS_FIELD] = <PyObject *>"trailers"
    return fn_take_apart(message, names, values, N_FIELDS)


cdef int kind_of(object kind) except -1:
    # Text is compared as bytes: names with dots are not interned, so those of the application are other objects.
    cdef Py_ssize_t n
    cdef const char *text = PyUnicode_AsUTF8AndSize(kind, &n)
    if n < 18 or memcmp(text, b"http.response.", 14) != 0:
        return OTHER_MESSAGE
    if n == 18 and memcmp(text + 14, b"body", 4) == 0:
        return BODY_MESSAGE
    if n == 19 and memcmp(text + 14, b"start", 5) == 0:
        return START_MESSAGE
    if n == 22 and memcmp(text + 14, b"trailers", 8) == 0:
        return TRAILERS_MESSAGE
    return PATH_MESSAGE if n == 22 and memcmp(text + 14, b"pathsend", 8) == 0 else OTHER_MESSAGE


cdef int put_fields(Connection conn, int status, object fields) except -1:
    """Begin the head of an answer with this status, and add the fields, (name, value) each. If that fails there is none."""
    cdef object name, value
    conn.begin_head(status, NULL, 0)
    try:
        for name, value in fields:
            check_field(name, value)
            conn.add_field(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), PyBytes_AS_STRING(value),
                           PyBytes_GET_SIZE(value))
    except BaseException:
        conn.give_up_head()
        raise
    return 0


cdef int check_field(object name, object value) except -1:
    if not (isinstance(name, bytes) and isinstance(value, bytes)):
        raise TypeError(f"header names and values are bytes; {name!r}: {value!r} is not")
    return 0


cdef bytes body_of(object value):
    """The body of a message, as bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"the body of an answer is bytes, not {type(value).__name__}")


cdef class MessageExchange(CoroutineExchange):
    """An exchange whose application is called with `scope`, and sends and receives messages."""

    cdef object next_message(self):
        raise NotImplementedError()

    cdef int deliver(self, object message) except -1:
        raise NotImplementedError()

    cdef object file_sender(self, object message):
        raise NotImplementedError()

    # --- what the app awaits -----------------------------------------------------------------------------------------

    def receive(self):
        """An awaitable of the next message."""
        return new_receive(self)

    def send(self, message):
        """An awaitable that sends `message` and ends when more may be sent.

        Awaiting it raises RuntimeError (a message out of order), TypeError or ValueError (one that cannot be sent) and
        ClientDisconnected.
        """
        return new_send(self, message)

    cdef object future(self):
        future = self.waiter()
        future._asyncio_future_blocking = True       # it is yielded as it is
        return future

    cdef object waiter(self):
        """A future that is done when something has happened."""
        future = self.stepper.loop.create_future()
        if self.waiters is None:
            self.waiters = []
        elif len(self.waiters) >= 8:
            self.waiters = [waiter for waiter in self.waiters if not waiter.done()]
        self.waiters.append(future)
        return future

    cdef int wake(self) except -1:
        cdef list waiters = self.waiters
        self.waiters = None
        if waiters is not None:
            for future in waiters:
                if not future.done():
                    future.set_result(None)
        return 0

    # --- the app's coroutine -----------------------------------------------------------------------------------------

    cdef int begin(self, bint inside) except -1:
        """Call the app and step it. `inside`: from within the pump."""
        cdef object coroutine
        self.begun, self.inside = True, inside
        try:
            try:
                coroutine = self.callable(self.scope, self.receive_method, self.send_method)
                if not PyCoro_CheckExact(coroutine) and not hasattr(coroutine, "__await__"):
                    raise TypeError(f"not an ASGI application: {self.callable!r} returned a "
                                    f"{type(coroutine).__name__} instead of a coroutine")
            except BaseException as error:
                return self.finished(error)
            return self.stepper.run(self, coroutine)
        finally:
            self.inside = False
            if not inside:
                self.stepper.leave_task()

    # --- the carrier -------------------------------------------------------------------------------------------------

    cdef int claim(self, Carrier carrier) except -1:
        """Whoever else's turn it is, what he has put into the shared buffer is not for this client."""
        cdef Connection conn = carrier.conn
        if self.inside:
            return 0
        if conn.out is conn.ws.out and conn.out.total > 0:
            conn.out = OutBuffer()
        return carrier.awake()

    cdef bint has_room(self) except -1:
        cdef Carrier carrier = self.carrier
        if carrier is None:
            return True
        if self.inside and carrier.congested():
            carrier.flush()
        # On a broken connection nothing is ever congested: wait for lost(), or an endless answer would never end.
        if not carrier.congested() and not carrier.conn.aborted:
            if not carrier.share_over():
                return True
            carrier.proceed()                # to a turn, which will call drained()
        self.waiting = True
        return False


@cython.final
@cython.freelist(64)
cdef class Send:
    """The awaitable of send()."""

    cdef MessageExchange exchange
    cdef object message      # None once it is sent
    cdef object inner        # the coroutine that sends a file
    cdef bint sent

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        cdef MessageExchange exchange = self.exchange
        cdef int outcome
        if exchange is None:
            raise RuntimeError("cannot reuse already awaited send()")
        if self.inner is not None:
            return self.inner.send(None)
        if not self.sent:
            self.sent = True
            message, self.message = self.message, None
            outcome = exchange.deliver(message)
            if outcome == SENT:
                self.exchange = None
                raise StopIteration
            if outcome == IS_FILE:
                self.inner = exchange.file_sender(message)
                return self.inner.send(None)
        elif exchange.has_room():
            if exchange.gone:
                raise ClientDisconnected("the client is gone; nothing more can be sent to it")
            self.exchange = None
            raise StopIteration
        return exchange.future()

    def send(self, value):
        return next(self)

    def throw(self, kind, value=None, traceback=None):
        if self.inner is not None:
            return self.inner.throw(kind if value is None else value)
        self.exchange = None
        raise thrown(kind, value)

    def close(self):
        if self.inner is not None:
            self.inner.close()
        self.exchange = None


@cython.final
@cython.freelist(64)
cdef class Receive:
    """The awaitable of receive()."""

    cdef MessageExchange exchange

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return None              # takes the place that fn_receive_next fills below

    def send(self, value):
        return next(self)

    def throw(self, kind, value=None, traceback=None):
        self.exchange = None
        raise thrown(kind, value)

    def close(self):
        self.exchange = None


fn_use_receive_next(Receive)


cdef int receive_step "fn_receive_step"(object self, PyObject **value) except -1:
    cdef Receive receive = <Receive>self
    cdef object result
    cdef bint waits = False
    if receive.exchange is None:
        raise RuntimeError("cannot reuse already awaited receive()")
    result = receive.exchange.next_message()
    if result is None:
        result = receive.exchange.future()
        waits = True
    else:
        receive.exchange = None
    Py_INCREF(result)
    value[0] = <PyObject *>result
    return waits


cdef object thrown(kind, value):
    """The exception that throw() was given, in whichever form."""
    if isinstance(kind, BaseException):
        return kind
    return kind() if value is None else value if isinstance(value, BaseException) else kind(value)


cdef object new_receive(MessageExchange exchange):
    cdef Receive receive = Receive.__new__(Receive)
    receive.exchange = exchange
    return receive


cdef object new_send(MessageExchange exchange, object message):
    cdef Send send = Send.__new__(Send)
    send.exchange, send.message = exchange, message
    return send
