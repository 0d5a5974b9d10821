# The sending half of an HTTP/1.1 connection.
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.workspace cimport Workspace

cdef enum:
    # fields that the app's head has itself
    SEEN_DATE = 1
    SEEN_SERVER = 2
    SEEN_UPGRADE = 4

# Header fields of a head that is remembered.
cdef bint same_pairs(fields, list known) except -1
cdef bint are_fixed(list fields) except -1

cdef class Sender:
    cdef Workspace ws
    cdef OutBuffer out                  # the workspace's, unless something is left unsent
    # the exchange in progress
    cdef readonly bint answering        # a request was handed out (client: sent) and its answer is not complete
    cdef readonly bint head_sent
    cdef bint sending                   # the message going out is not complete
    cdef bint is_head, is_connect       # method of the request
    cdef bint wants_upgrade             # the request asked for another protocol
    cdef bint switching                 # the answer hands the connection over: 101, or 2xx to CONNECT
    cdef readonly bint keep_alive       # the connection goes on after this exchange
    cdef bint expects_continue          # the client waits for 100 (Continue)
    cdef readonly bint aborted          # closed, and queued output is worthless: close at once
    cdef readonly bint eof              # the peer will send nothing more
    cdef Py_ssize_t _left               # bytes of input that were not consumed yet
    cdef unsigned char minor_version    # of the message received last
    # the message being sent
    cdef bint sent_chunked, body_forbidden
    cdef bint _building                 # between begin_head and end_head
    cdef bint _repeats                  # and it is the head that the workspace remembers
    cdef unsigned char _seen            # SEEN_DATE ...
    cdef readonly int status
    cdef int _answers                   # answers queued since output was last empty
    cdef Py_ssize_t _mark               # where the head in progress began in `out`
    cdef long long _length              # Content-Length the app gave; -1: none
    cdef long long answer_left          # body bytes still due by Content-Length; -1: not counted
    cdef readonly long long answer_bytes    # body bytes sent so far

    cdef int attach(self, Workspace ws) except -1          # this thread's workspace serves the connection now
    cdef int sent_elsewhere(self, long long n) except -1   # n body bytes went out past `out` (sendfile)
    cdef int begin_head(self, int status, const char *reason, Py_ssize_t n) except -1   # NULL: the standard phrase
    cdef int begin_request(self, str method, str target) except -1
    cdef int give_up_head(self) noexcept                   # forget a head begun but not ended
    cdef int add_field(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t value_len) except -1
    # Apps often answer with the same head. Instead of begin_head and add_field: True if this one, of the same or equal
    # fields, was the last one remembered. Else remember_head, before end_head.
    cdef bint repeat_head(self, object status, object fields) except -1
    # Instead of all calls from begin_head to send_end: True if that whole answer, of this body, is queued.
    cdef bint repeat_answer(self, object status, object fields, bytes body) except -1
    cdef int remember_head(self, object status, object fields) except -1
    cdef int _start_head(self, int status) except -1
    cdef bint _is_plain(self) noexcept
    cdef bint _is_remembered(self, object status, object fields) except -1
    cdef int end_head(self, long long length) except -1    # length of the whole body if known, else -1
    cdef int send_data(self, const char *data, Py_ssize_t n, bytes owner) except -1     # owner may be None
    cdef int send_end(self, list trailers) except -1       # trailers may be None
    cdef int sent_end(self) except -1                      # hook: the message sent is complete
    cdef long long _agree_length(self, long long length) except -2     # of the body that end_head() announces; -1: none
    cdef bint _count_body(self, Py_ssize_t n) except -1    # n more bytes come; whether they are to be sent
    cdef int _check_end(self) except -1
    cdef int _send_text(self, int status, str text) except -1          # an answer, but for its end
    cdef bint is_cut(self) noexcept                        # on CLOSED: only a reset tells that the answer is not whole
    cdef bint congested(self) noexcept                     # more than max_output waits
    cdef int settle_output(self) except -1                 # keep what is unsent, give the workspace its buffer back
    cdef int _take_length(self, const char *value, Py_ssize_t n) except -1
    cdef int _end_request(self, long long length) except -1
