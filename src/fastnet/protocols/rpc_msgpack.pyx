"""MessagePack-RPC, without I/O, both roles at once: either side may call the other.

    [0, id, method, params]   request        [1, id, error, result]   response        [2, method, params]   notification

Answers go out as they are given, in any order. `params` is an array, or, beyond the specification, a map for arguments
by name. An error is a map of "code", "message" and, if there is any, "data"; what other peers send is taken as it is.

Three methods, whose names begin with "$/", are of the protocol itself. A peer that does not know them answers the first
with "method not found", and drops the others, which are notifications:

    request       "$/call"    [method, params, {"stream": bool, "timeout_s": number}]
                  a call whose caller takes items, or has a deadline; options may be left out, and others are passed over
    notification  "$/item"    [id, item]       before the response of a call that asked for a stream
    notification  "$/cancel"  [id]             the caller does not wait any more; the call is answered all the same

What is no message ends the connection, after a response with the id nil that says why: there is no telling whose it
was. A request with a usable id but a wrong method or params is answered with -32600, and the connection goes on.
"""

from libc.math cimport INFINITY
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from fastnet.codecs.cmsgpack cimport fn_msgpack_put_uint
from fastnet.codecs.msgpack_pack cimport Writer, read_options, write_object, writer_drop, writer_init, writer_take
from fastnet.codecs.msgpack_stream cimport Unpacker
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.base cimport Protocol
from fastnet.protocols.rpc cimport Answer, Call, new_call

from fastnet.errors import IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Cancel, Item
from fastnet.protocols.rpc_errors import InvalidRequest, ParseError, ResultRefused, RPCError
from fastnet.protocols.rpc_errors import fault as fault_of
from fastnet.protocols.rpc_values import plain

cdef enum:
    UNPACKING = 1            # of msgpack_stream
    FIRST_BYTES = 4096
    REQUEST = 0
    RESPONSE = 1
    NOTIFICATION = 2

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_DEPTH = 100
LARGEST_ID = 0xffffffff


cdef class MessagePackRPC(Protocol):
    """One side of a MessagePack-RPC connection. Events: Call, Answer, Item, Cancel; all but the second go both ways.

    Args:
        max_message_bytes: a message of more is refused (LimitExceeded), received or to be sent.
        max_depth: arrays and maps inside each other, that of the message itself among them.
        message_timeout: seconds from the first byte of a message to its last.
        idle_timeout: seconds without a message, while nobody is answering one either.
    """

    def __init__(self, *, Py_ssize_t max_message_bytes=MAX_MESSAGE_BYTES, Py_ssize_t max_depth=MAX_DEPTH,
                 double message_timeout=20.0, double idle_timeout=INFINITY):
        # What was fed is the caller's affair; what one message may need is checked here.
        self.unpacker = Unpacker(
            max_buffer_size=0, max_depth=max_depth, timestamp=3, max_str_len=max_message_bytes,
            max_bin_len=max_message_bytes, max_array_len=max_message_bytes, max_map_len=max_message_bytes,
            max_ext_len=max_message_bytes)
        self.out = OutBuffer.__new__(OutBuffer)
        self.default = plain
        read_options(&self.options, plain, None, False, True, False, True)
        self.max_message = max_message_bytes
        self.message_timeout, self.idle_timeout = message_timeout, idle_timeout
        self.began, self.began_at = INFINITY, -1

    # --- what comes ---

    cpdef receive_data(self, data):
        self.unpacker._feed(data)

    cpdef receive_eof(self):
        cdef Py_ssize_t size = self.unpacker._offset + self.unpacker._tail - self.unpacker._head - self.start
        self.eof_received = True
        self.began = INFINITY
        if size and self.began_at == self.start:
            raise IncompleteFrame(size)

    cpdef next_event(self):
        """The next event; NEED_DATA. Raises ProtocolError for what is no message, LimitExceeded for one too large."""
        cdef Unpacker unpacker = self.unpacker
        cdef Py_ssize_t size
        while not self.closing:
            try:
                message = unpacker._next(UNPACKING)
            except ProtocolError:
                raise
            except (ValueError, OverflowError) as error:
                # No UTF-8, a type of extension that is reserved, a time that Python does not have.
                raise ProtocolError(f"a value of a message cannot be: {error}") from None
            if message is unpacker:
                size = unpacker._offset + unpacker._tail - unpacker._head - self.start
                if size > self.max_message:
                    raise LimitExceeded(f"a message of over {self.max_message} bytes", 413)
                if size == 0:
                    self.began = INFINITY
                    self.began_at = -1
                elif self.began_at != self.start:
                    self.began, self.began_at = self.now, self.start
                return NEED_DATA
            size = unpacker._offset - self.start
            self.start = unpacker._offset
            if size > self.max_message:
                raise LimitExceeded(f"a message of {size} bytes; the most is {self.max_message}", 413)
            if type(message) is not list:
                raise ProtocolError("a message is no array")
            event = self.read(<list>message)
            if event is not None:
                return event
        return NEED_DATA

    cdef object read(self, list message):
        """The event that a message is, or None."""
        cdef Py_ssize_t n = len(message)
        cdef Answer answer
        kind = message[0] if n else None
        if type(kind) is int:
            if kind == REQUEST and n == 4:
                return self.read_request(message)
            if kind == RESPONSE and n == 4:
                answer = Answer.__new__(Answer)
                answer.id, answer.result = message[1], message[3]
                if message[2] is not None:
                    answer.fault, answer.result = read_fault(message[2]), None
                return answer
            if kind == NOTIFICATION and n == 3:
                return self.read_notice(message)
        raise ProtocolError("an array is no request, response or notification of MessagePack-RPC")

    cdef object read_request(self, list message):
        id, method, params = message[1], message[2], message[3]
        if not is_id(id):
            raise ProtocolError("the id of a request is no integer from 0 to 2**32 - 1")
        if type(method) is not str or not (type(params) is list or is_named(params)):
            return self.refuse(id, "the method is to be a str, and params an array or a map with str keys")
        if (<str>method).startswith("$/"):
            if method == "$/call":
                return self.read_call(id, params)
        return new_call(id, method, params, False)

    def refuse(self, id, why):
        self.put_answer(id, None, InvalidRequest(why))

    def read_call(self, id, params):
        if type(params) is not list or not 2 <= len(params) <= 3:
            return self.refuse(id, "$/call takes [method, params, options]")
        method, arguments = params[0], params[1]
        options = params[2] if len(params) == 3 else {}
        if type(method) is not str or not (type(arguments) is list or is_named(arguments)) or type(options) is not dict:
            return self.refuse(id, "$/call takes [method, params, options]")
        stream, timeout_s = options.get("stream", False), options.get("timeout_s")
        if type(stream) is not bool:
            return self.refuse(id, "the option stream of $/call is to be a boolean")
        if timeout_s is not None and not (type(timeout_s) in (int, float) and 0 <= timeout_s <= 1e9):
            return self.refuse(id, "the option timeout_s of $/call is to be a number from 0 to 1e9")
        return Call(id, method, arguments, stream=stream, timeout_s=timeout_s)

    cdef object read_notice(self, list message):
        method, params = message[1], message[2]
        if type(method) is not str or not (type(params) is list or is_named(params)):
            raise ProtocolError("a notification's method is to be a str, and its params an array or a map")
        if (<str>method).startswith("$/"):
            if method == "$/item" and type(params) is list and len(params) == 2 and is_id(params[0]):
                return Item(params[0], params[1])
            if method == "$/cancel" and type(params) is list and len(params) == 1 and is_id(params[0]):
                return Cancel(params[0])
            return None                  # of a later version, or nonsense, which has no answer either
        return new_call(None, method, params, True)

    # --- what goes ---

    cpdef send(self, event):
        """Queue an event.

        A Call that this side got goes back as its answer; one that this side made goes out, as do Item and Cancel. Of
        a Call's id that tells nothing, so whoever calls sends a Call by call(). Raises ValueError or TypeError for an
        Item that cannot be sent. A result that cannot be is answered with ResultRefused.
        """
        cdef Call call
        if type(event) is Call:
            call = <Call>event
            if not call.one_way:
                self.put_answer(call.id, call.result, call.fault)
        elif type(event) is Answer:
            self.put_answer(event.id, event.result, event.fault)
        elif type(event) is Item:
            self.put(b"\x93\x02\xa6$/item\x92", 10, event.id, event.value)
        elif type(event) is Cancel:
            self.put(b"\x93\x02\xa8$/cancel\x91", 12, event.id, self)
        else:
            raise TypeError(f"a {type(event).__name__} cannot be sent")

    def call(self, Call call not None):
        """Queue a call, or a notification, of this side. Raises ValueError or TypeError for what cannot be sent."""
        self.put_call(call)

    cdef int put_call(self, Call call) except -1:
        cdef uint8_t head[16]
        cdef size_t n
        if call.one_way:
            return self.put(b"\x93\x02", 2, call.method, call.params)
        if not is_id(call.id):
            raise ValueError(f"{call.id!r} is no id: an integer from 0 to 2**32 - 1")
        head[0], head[1] = 0x94, REQUEST
        n = 2 + fn_msgpack_put_uint(head + 2, <uint64_t>call.id)
        if not call.stream and call.timeout_s is None:
            return self.put(head, n, call.method, call.params)
        options = {}
        if call.stream:
            options["stream"] = True
        if call.timeout_s is not None:
            options["timeout_s"] = call.timeout_s
        return self.put(head, n, "$/call", [call.method, call.params, options])

    cdef int put_answer(self, object id, object result, object fault) except -1:
        cdef uint8_t head[16]
        cdef size_t n = 3
        head[0], head[1], head[2] = 0x94, RESPONSE, 0xc0
        if id is not None:
            n = 2 + fn_msgpack_put_uint(head + 2, <uint64_t>id)
        if fault is not None:
            try:
                return self.put(head, n, written_fault(fault), None)
            except (ValueError, TypeError, OverflowError, RecursionError):
                return self.put(head, n, written_fault(RPCError(fault.message[:200], None, fault.code)), None)
        head[n] = 0xc0
        try:
            return self.put(head, n + 1, result, self)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            return self.put(head, n, written_fault(ResultRefused(f"the result cannot be sent: {error}"[:500])), None)

    cdef int put(self, const uint8_t *head, Py_ssize_t n, object value, object last) except -1:
        """A message: its first n bytes, an object, and another one unless it is `self`. Nothing is queued on an error."""
        cdef uint8_t first[FIRST_BYTES]
        cdef Writer w
        cdef Py_ssize_t i, size
        writer_init(&w, &self.options, first, FIRST_BYTES, False)
        for i in range(n):
            w.at[i] = head[i]
        w.at += n
        write_object(&w, value)
        if last is not self:
            write_object(&w, last)
        size = w.at - w.begin
        if size > self.max_message:
            writer_drop(&w)
            raise ValueError(f"a message of {size} bytes; the most is {self.max_message}")
        if w.store == NULL:
            self.out.append(<const char *>w.begin, size)
        else:
            self.out.append_bytes(writer_take(&w))
        self.queued_bytes += size
        return 0

    cpdef write(self, data):
        self.out.append_bytes(bytes(data))
        self.queued_bytes += len(data)

    cpdef data_to_send(self):
        if self.queued_bytes == 0:
            return []
        self.queued_bytes = 0
        return self.out.take()

    cpdef fail(self, error):
        if isinstance(error, LimitExceeded):
            self.put_answer(None, None, InvalidRequest(str(error)))
        elif isinstance(error, ProtocolError):
            self.put_answer(None, None, ParseError(str(error)))

    cpdef next_timeout(self):
        cdef double left = self.idle_timeout
        if self.began != INFINITY:
            left = max(0.0, self.began + self.message_timeout - self.now)
        return None if left == INFINITY else left


cdef bint is_id(object id) except -1:
    return type(id) is int and 0 <= id <= LARGEST_ID


cdef bint is_named(object params) except -1:
    if type(params) is not dict:
        return False
    for key in <dict>params:
        if type(key) is not str:
            return False
    return True


def written_fault(fault):
    if fault.data is None:
        return {"code": fault.code, "message": fault.message}
    return {"code": fault.code, "message": fault.message, "data": fault.data}


def read_fault(error):
    if type(error) is dict and type(error.get("code")) is int:
        return fault_of(error["code"], str(error.get("message", "")), error.get("data"))
    return RPCError(error if type(error) is str else f"the peer answered with the error {error!r:.200}", error)
