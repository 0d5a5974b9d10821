# WSGI (PEP 3333) over the pump.
from fastnet.apps.base cimport App, Carrier, Exchange
from fastnet.apps.environ cimport EnvironBuilder
from fastnet.protocols.http1 cimport Connection

cdef class WSGIApp(App):
    cdef object callable
    cdef EnvironBuilder environ
    cdef readonly Py_ssize_t spool    # bytes of a request body kept in memory
    cdef readonly str spool_dir
    cdef object _context              # the contextvars.Context that each request gets a copy of
    cdef WSGIExchange _last           # used again if nobody holds it any more

# One request. The app-side part (run, next chunks) uses only the methods marked "sink", so that a driver may run it in
# another thread than the one that owns the connection, by overriding those.
cdef class WSGIExchange(Exchange):
    cdef WSGIApp app
    cdef dict environ
    cdef object context
    cdef object status                # str, or None until start_response() was called
    cdef object headers               # its list
    cdef object _result               # what the app returned, until closed
    cdef object _iterator
    cdef object _body                 # None, bytes, BytesIO, or a temporary file
    cdef long long _body_size
    cdef object _start_response, _write   # bound methods, made once
    cdef bint is_head                 # it is a HEAD request
    cdef bint started                 # the head of the answer was given to the sink
    cdef bint dead                    # the connection is gone, or the answer broke
    cdef bint _in_file                # the driver sends a file
    cdef bint reset(self) except -1
    cdef int run(self) except -1      # call the app and give its answer to the sink
    cdef int go_on(self) except -1    # more of the answer, until the sink is full or the answer complete
    cdef int close(self) except -1    # close the app's iterable, whatever happened
    cdef bint bodyless(self) except -1   # HEAD, 204, 304: the answer has a head only
    cdef int broke(self) except -1    # log the exception being handled; answer 500 or drop the connection
    # sink
    cdef int put_head(self, long long length) except -1
    cdef bint put_repeated(self, bytes body) except -1     # the whole answer; False: nothing was done
    cdef int put(self, bytes data) except -1
    cdef int put_end(self) except -1
    cdef int put_failure(self) except -1
    cdef bint full(self) except -1    # stop now: go_on() will be called when there is room
    cdef int flush(self) except -1
    cdef int wait(self) except -1     # block until full() is over; for write()
    cdef bint sends_files(self)
    cdef int put_file(self, int fd, long long start, long long n) except -1    # and stop, as when it is full()

    cdef int _spool(self, const char *data, Py_ssize_t n) except -1
    cdef object _input(self)
    cdef int _answer(self, object result) except -1
    cdef bint _answer_file(self, object result) except -1
    cdef int _more(self) except -1
    cdef str _label(self)
    cdef int _no_room(self, error) except -1

cdef WSGIExchange bind_exchange(WSGIExchange exchange, WSGIApp app, Carrier carrier)
cdef int write_head(Connection conn, str status, object headers, long long length) except -1
