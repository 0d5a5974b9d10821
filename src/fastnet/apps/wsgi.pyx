"""WSGI (PEP 3333) over the pump.

A request's body is read whole before the app is called, in memory up to `spool` bytes and in a temporary file beyond,
so that a slow upload never holds a worker. The answer goes the other way lazily: the app's iterable is asked for its
next block when the one before has been handed to the kernel, so a slow reader holds no worker and no memory either.
A streamed answer may therefore be continued by another thread than began it (threaded model); it always runs in the
contextvars.Context of its request, a copy of the one that the app was loaded in.
"""

import logging
import os
import stat
import sys
import tempfile
from contextvars import copy_context
from errno import EDQUOT, EFBIG, ENOSPC
from io import BufferedRandom, BufferedReader, BytesIO, FileIO

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.contextvars cimport PyContext_Copy, PyContext_Enter, PyContext_Exit
from cpython.object cimport PyObject

from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.apps.environ cimport EnvironBuilder
from fastnet.protocols.http1 cimport Connection

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object s, Py_ssize_t *n) except NULL
    bint PyUnicode_IS_ASCII "PyUnicode_IS_COMPACT_ASCII"(object s) noexcept
    Py_ssize_t Py_REFCNT(PyObject *o)

cdef enum:
    FILE_BLOCK = 65536

BUFFERED = (BufferedReader, BufferedRandom)
DISK_FULL = (ENOSPC, EDQUOT, EFBIG)

logger = logging.getLogger("fastnet")


class EmptyInput:
    """wsgi.input of a request without a body. Has no state, so all such requests share one."""

    def read(self, size=-1):
        return b""

    def readline(self, size=-1):
        return b""

    def readlines(self, hint=-1):
        return []

    def __iter__(self):
        return iter(())

    def close(self):
        pass


class FileWrapper:
    """wsgi.file_wrapper: a real file is sent by the kernel (sendfile), from where it stands; others in blocks."""

    def __init__(self, filelike, blksize=FILE_BLOCK):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration


EMPTY = EmptyInput()


@cython.final
cdef class WSGIApp(App):
    """Runs the WSGI callable `application`.

    spool: bytes of a request body kept in memory, beyond which it goes to a temporary file in `spool_dir` ("": the
    system's); root_path: SCRIPT_NAME, taken off the front of the path; multithread, multiprocess: what the environ
    says of the server.
    """

    def __init__(self, application, *, bint multithread=False, bint multiprocess=False, Py_ssize_t spool=524288,
                 str spool_dir="", str root_path="", str scheme="http"):
        self.callable = application
        self.spool, self.spool_dir = spool, spool_dir
        self._context = copy_context()
        self.environ = EnvironBuilder(root_path.rstrip("/"), scheme, {
            "wsgi.version": (1, 0), "wsgi.url_scheme": scheme, "wsgi.input": EMPTY, "wsgi.errors": sys.stderr,
            "wsgi.multithread": bool(multithread), "wsgi.multiprocess": bool(multiprocess), "wsgi.run_once": False,
            "wsgi.input_terminated": True, "wsgi.file_wrapper": FileWrapper,
        })

    cdef Exchange open(self, Carrier carrier):
        cdef WSGIExchange exchange = self._last
        if exchange is None or not exchange.reset():
            exchange = self._last = WSGIExchange.__new__(WSGIExchange)
        return bind_exchange(exchange, self, carrier)


cdef long long whole_length(result) except -1:
    """Bytes of an answer that is a list or tuple. TypeError if it is not of bytes."""
    cdef long long n = 0
    for data in result:
        if type(data) is not bytes:
            raise TypeError(f"a WSGI answer is made of bytes, not {type(data).__name__}")
        n += PyBytes_GET_SIZE(data)
    return n


cdef WSGIExchange bind_exchange(WSGIExchange exchange, WSGIApp app, Carrier carrier):
    """Give an exchange what it needs for a request. Its bound methods are made once; see reset()."""
    exchange.app, exchange.carrier = app, carrier
    if exchange._start_response is None:
        exchange._start_response, exchange._write = exchange.start_response, exchange.write
    return exchange


cdef class WSGIExchange(Exchange):
    """One request to a WSGI app, and its answer."""

    cdef bint reset(self) except -1:
        """Make ready for another request; False if somebody still holds this one."""
        # Held by the app's _last, by the two bound methods, and by open(), which asks; these are held only by this.
        if (Py_REFCNT(<PyObject *>self) > 4 or Py_REFCNT(<PyObject *>self._start_response) > 1
                or Py_REFCNT(<PyObject *>self._write) > 1 or self._result is not None):
            return False
        self.environ = self.status = self.headers = self._body = self.context = None
        self._body_size = 0
        self.started = self.dead = self.waiting = self._in_file = False
        return True

    # --- called by the pump ------------------------------------------------------------------------------------------

    cdef int start(self) except -1:
        self.is_head = self.carrier.conn.is_head
        self.environ = self.app.environ.build(self.carrier)
        self.carrier.conn.ask_body()
        return 0

    cdef int data(self, const char *data, Py_ssize_t n) except -1:
        try:
            if self._body is None and self._body_size == 0 and n <= self.app.spool:
                self._body = PyBytes_FromStringAndSize(data, n)
            else:
                self._spool(data, n)
            self._body_size += n
        except OSError as error:
            self._no_room(error)
        return 0

    cdef int end(self) except -1:
        if self.dead:
            return 0
        if self._body_size:
            try:
                self.environ["wsgi.input"] = self._input()
            except OSError as error:
                return self._no_room(error)
            if self.carrier.conn.content_length < 0:
                self.environ["CONTENT_LENGTH"] = str(self._body_size)
        return self.run()

    cdef int drained(self) except -1:
        return self.go_on()

    cdef int lost(self) except -1:
        self.dead = True
        if self.context is None:
            return self.close()
        PyContext_Enter(self.context)
        try:
            return self.close()
        finally:
            PyContext_Exit(self.context)

    # --- the request body --------------------------------------------------------------------------------------------

    cdef int _spool(self, const char *data, Py_ssize_t n) except -1:
        """Keep a further piece: in memory while small, in a temporary file once over the app's `spool`."""
        body = self._body
        if type(body) is bytes or body is None:
            self._body = BytesIO()
            self._body.write(body or b"")
        if type(self._body) is BytesIO and self._body_size + n > self.app.spool:
            spooled = tempfile.TemporaryFile(dir=self.app.spool_dir or None)
            spooled.write(self._body.getbuffer())
            self._body = spooled
        self._body.write(PyBytes_FromStringAndSize(data, n))
        return 0

    cdef object _input(self):
        if type(self._body) is bytes:
            return BytesIO(self._body)
        self._body.seek(0)         # writes out what the file still buffers
        return self._body

    cdef int _no_room(self, error) except -1:
        logger.error("%s: its body could not be stored in %s: %s", self._label(),
                     self.app.spool_dir or tempfile.gettempdir(), error.strerror)
        self.dead = True
        self.carrier.conn.fail(507 if error.errno in DISK_FULL else 500, "the request body could not be stored")
        return self.close()

    # --- app side ----------------------------------------------------------------------------------------------------

    cdef int run(self) except -1:
        self.context = PyContext_Copy(self.app._context)
        PyContext_Enter(self.context)
        try:
            self._answer(self.app.callable(self.environ, self._start_response))
        except BaseException:      # sys.exit() in a request ends that request
            self.broke()
        finally:
            PyContext_Exit(self.context)
        return 0

    def start_response(self, status, headers, exc_info=None):
        """PEP 3333's start_response. Returns write(). Raises what exc_info holds if the head was sent already."""
        if exc_info is not None:
            try:
                if self.started:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response() was called already; a second call needs exc_info")
        if type(status) is not str:
            raise TypeError(f"status must be a str such as '200 OK', not {type(status).__name__}")
        self.status, self.headers = status, headers
        return self._write

    def write(self, data):
        """PEP 3333's write(): sends at once, and waits while too much is unsent."""
        if type(data) is not bytes:
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        if self.dead:
            raise ConnectionError("the client is gone")
        if not self.started:
            self.put_head(-1)
        if data:
            self.put(data)
            self.flush()
            if self.full():
                self.wait()

    cdef int _answer(self, result) except -1:
        cdef bytes data
        cdef Py_ssize_t n
        if type(result) is list and len(<list>result) == 1 and not self.started:
            chunk = (<list>result)[0]
            if type(chunk) is bytes and self.status is not None:
                data = chunk
                if not self.put_repeated(data):
                    self.put_head(PyBytes_GET_SIZE(data))
                    self.put(data)
                    self.put_end()
                return self.close()
        self._result = result
        if type(result) is FileWrapper and self.sends_files() and self._answer_file(result):
            return 0
        self._iterator = iter(result)
        return self._more()

    cdef bint _answer_file(self, result) except -1:
        """Let the driver send a real file; False where that cannot be."""
        cdef long long start, left
        filelike = result.filelike
        if self.status is None or self.started:
            return False
        if type(filelike) is tempfile._TemporaryFileWrapper:
            filelike = filelike.file
        # Nothing else that has a descriptor: a GzipFile, say, reads other bytes than those of its file.
        raw = getattr(filelike, "raw", None) if type(filelike) in BUFFERED else filelike
        if type(raw) is not FileIO:
            return False
        try:
            if type(filelike) is BufferedRandom:
                filelike.flush()
            start, facts = filelike.tell(), os.fstat(raw.fileno())
        except (OSError, ValueError):
            return False
        left = facts.st_size - start
        if left <= 0 or not stat.S_ISREG(facts.st_mode):
            return False
        for name, value in self.headers:
            if name.lower() == "content-length" and value.isdecimal():
                left = min(left, int(value))
        self.put_head(left)
        if left == 0 or self.bodyless():
            self.put_end()
            self.close()
            return True
        self._in_file = True
        self.put_file(raw.fileno(), start, left)
        return True

    cdef int go_on(self) except -1:
        PyContext_Enter(self.context)
        try:
            return self._more()
        except BaseException:
            return self.broke()
        finally:
            PyContext_Exit(self.context)

    cdef int _more(self) except -1:
        cdef bint whole = not self.started and type(self._result) in (list, tuple)
        if self._in_file:
            self._in_file = False
            self.put_end()
            return self.close()
        for data in self._iterator:
            if type(data) is not bytes:
                raise TypeError(f"a WSGI answer is made of bytes, not {type(data).__name__}")
            if self.dead:
                return self.close()
            if not data:
                continue
            if not self.started:
                self.put_head(whole_length(self._result) if whole else -1)
                if self.bodyless():
                    break          # the rest would go nowhere, and might be endless
            self.put(data)
            if not whole:
                self.flush()
            if self.full():
                self.waiting = True
                return 0
        if not self.started:
            # An app that leaves out the body of an answer to HEAD has not said how long it would be.
            self.put_head(-1 if self.bodyless() else 0)
        self.put_end()
        return self.close()

    cdef int close(self) except -1:
        result, self._result, self._iterator = self._result, None, None
        body, self._body = self._body, None
        if result is not None and hasattr(result, "close"):
            try:
                result.close()
            except BaseException:
                logger.exception("close() of the answer to %s failed", self._label())
        if body is not None and type(body) is not bytes and type(body) is not BytesIO:
            try:
                body.close()
            except OSError:
                pass               # the disk is full, of which the log tells already
        # The app's objects go now, not when this exchange is used again.
        self.environ = self.headers = None
        return 0

    cdef int broke(self) except -1:
        logger.error("%s failed", self._label(), exc_info=True)
        self.put_failure()
        return self.close()

    cdef str _label(self):
        environ = self.environ or {}       # which the app may have changed
        return f"{environ.get('REQUEST_METHOD')} {environ.get('REQUEST_URI')}"

    cdef bint bodyless(self) except -1:
        """The answer has a head only."""
        return self.is_head or self.status[:3] in ("204", "304")

    # --- sink: where the answer goes ---------------------------------------------------------------------------------

    cdef int put_head(self, long long length) except -1:
        if self.status is None:
            raise AssertionError("the app answered without calling start_response()")
        write_head(self.carrier.conn, self.status, self.headers, length)
        self.started = True
        return 0

    cdef bint put_repeated(self, bytes body) except -1:
        self.started = self.carrier.conn.repeat_answer(self.status, self.headers, body)
        return self.started

    cdef int put(self, bytes data) except -1:
        return self.carrier.conn.send_data(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)

    cdef int put_end(self) except -1:
        return self.carrier.conn.send_end(None)

    cdef int put_failure(self) except -1:
        if not self.dead:
            self.dead = True
            self.carrier.conn.fail(500, "Internal Server Error")
        return 0

    cdef bint full(self) except -1:
        return self.carrier.congested() or self.carrier.conn.aborted or self.carrier.share_over()

    cdef int flush(self) except -1:
        return self.carrier.flush()

    cdef int wait(self) except -1:
        self.carrier.wait_room()
        if self.carrier.conn.aborted:
            raise ConnectionError("the client is gone")
        return 0

    cdef bint sends_files(self):
        return self.carrier.sends_files()

    cdef int put_file(self, int fd, long long start, long long n) except -1:
        self.waiting = True
        return self.carrier.send_file(fd, start, n)


cdef inline const char *latin1(s, Py_ssize_t *n) except NULL:
    """The bytes of an ASCII str, which lends them. ValueError for others, whose bytes would not be these."""
    if not PyUnicode_IS_ASCII(s):
        raise ValueError(f"status must be ASCII, not {s!r}")
    return PyUnicode_AsUTF8AndSize(s, n)


cdef int write_head(Connection conn, str status, headers, long long length) except -1:
    """Queue the head of a WSGI answer: "200 OK" and a list of (str, str)."""
    cdef Py_ssize_t n, value_len
    cdef const char *text
    cdef const char *value
    cdef int code
    if conn.repeat_head(status, headers):
        return conn.end_head(length)
    text = latin1(status, &n)
    if n < 3 or not (48 <= text[0] <= 57 and 48 <= text[1] <= 57 and 48 <= text[2] <= 57) or (n > 3 and text[3] != 32):
        raise ValueError(f"status must be three digits, a space and a phrase, such as '200 OK', not {status!r}")
    code = (text[0] - 48) * 100 + (text[1] - 48) * 10 + text[2] - 48
    if code < 200:
        raise ValueError(f"a WSGI answer cannot have the interim status {code}")
    conn.begin_head(code, text + min(n, 4), max(n - 4, 0))
    for name, field in headers:
        if type(name) is not str or type(field) is not str:
            raise TypeError(f"header names and values must be str, not {name!r}: {field!r}")
        if PyUnicode_IS_ASCII(name) and PyUnicode_IS_ASCII(field):
            text, value = PyUnicode_AsUTF8AndSize(name, &n), PyUnicode_AsUTF8AndSize(field, &value_len)
            conn.add_field(text, n, value, value_len)
        else:
            raw_name, raw_value = (<str>name).encode("latin-1"), (<str>field).encode("latin-1")
            conn.add_field(PyBytes_AS_STRING(raw_name), PyBytes_GET_SIZE(raw_name),
                           PyBytes_AS_STRING(raw_value), PyBytes_GET_SIZE(raw_value))
    conn.remember_head(status, headers)
    return conn.end_head(length)
