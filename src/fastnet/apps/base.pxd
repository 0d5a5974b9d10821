# How an app and the driver under it meet. The driver owns the socket; the app owns the answer; the Connection
# between them owns the protocol. Servers subclass Carrier, app interfaces subclass App and Exchange.
from fastnet.protocols.http1 cimport Connection

# A connection, as an app sees it.
cdef class Carrier:
    cdef Connection conn
    cdef Exchange exchange            # the request being answered; None between requests
    cdef readonly object client       # ("192.0.2.1", 50123), or None for a Unix socket
    cdef str client_port              # "50123", once an app asked for it in that form
    cdef readonly object server       # ("192.0.2.7", 8000), or ("/run/app.sock", None)
    cdef readonly str scheme          # "http" or "https"
    cdef readonly object tls          # TLSFacts of an encrypted connection, or None
    cdef dict tls_words               # those facts as the app's interface names them, once it asked for them
    cdef int awake(self) except -1    # called first by whoever comes back to the connection outside the methods below
    cdef int flush(self) except -1    # hand what conn has queued to the socket. The pump does so itself after each
                                      # turn; an app calls it for what it queued outside start/data/end/drained
    cdef int proceed(self) except -1  # outside start/data/end: the answer was completed (send_end), or wants_data()
                                      # became true again. Flushes, and goes on with the next request or more body
    cdef bint congested(self)         # too much output waits: produce no more until Exchange.drained()
    cdef bint share_over(self) noexcept  # others wait: if more is to be done, set `waiting` and return; drained() follows
    cdef int cut_answer(self) except -1    # the answer is not completed, and the client is to know; then lost()
    cdef int wait_room(self) except -1   # block this thread until congested() is over or the connection is gone
    cdef bint sends_files(self) noexcept  # whether there is send_file()
    cdef int send_file(self, int fd, long long start, long long n) except -1  # after a head with the length n: send n
                                      # bytes of a file as the body. Set waiting; drained() tells the end. Until then,
                                      # or cut_answer(), fd must stay open

# One request and its answer. The methods are called by the pump, in this order.
cdef class Exchange:
    cdef Carrier carrier
    cdef bint tunnels                 # set by the exchange when it switched protocols: all that comes goes to data()
    cdef bint waiting                 # set by the exchange when it stopped at congested(): call drained() when that is over
    cdef int start(self) except -1    # the head is carrier.conn.request, lent until this returns
    cdef int data(self, const char *data, Py_ssize_t n) except -1   # body bytes, lent
    cdef int end(self) except -1      # the body is complete; trailers in carrier.conn.trailers
    cdef bint wants_data(self)        # False: enough body is waiting in the app; read no more of it for now
    cdef int eof(self) except -1      # the peer will send nothing more (it may still read the answer)
    cdef int expire(self) except -1   # once it tunnels: its deadline has passed, or the server drains
    cdef int drained(self) except -1  # the output is gone and `waiting` was set (it is cleared before the call)
    cdef int lost(self) except -1     # the connection is gone; no method of carrier may be called any more

# What answers requests. One object a thread (native driver) or a loop (asyncio driver).
cdef class App:
    cdef Exchange open(self, Carrier carrier)
    cdef int end_turn(self) except -1    # the driver has served who was ready, and lets others run in this thread
