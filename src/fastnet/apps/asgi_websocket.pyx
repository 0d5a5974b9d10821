"""ASGI's websocket scope (WebSocket message spec 2.4) over a connection that the HTTP/1.1 side hands over.

The opening handshake is judged before the app is called, which then accepts, closes (403), or denies by an answer of its
own (extension websocket.http.response). From websocket.accept on, the exchange is given all that comes, and has a
WebSocket (protocols/websocket) read it; that one's deadlines are the connection's.

What comes is read ahead of receive() no further than READ_AHEAD, so that pings are answered while the app is busy, and a
client that is faster than the app has its own buffers to fill. A client's Close, or what breaks the rules, is answered
once the app has received what came before it. send() waits while more than
`max_output` bytes are unsent. Once it is over receive() gives websocket.disconnect and send() raises ClientDisconnected.

An app that returns leaves a Close with 1000 behind, one that raises 1011, or 500 if it has not accepted.
"""

import asyncio
import logging

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact

from fastnet.apps.asgi_messages cimport MUST_WAIT, SENT, MessageExchange, body_of, check_field, put_fields
from fastnet.apps.base cimport Carrier
from fastnet.apps.scope cimport ScopeBuilder
from fastnet.apps.stepping cimport Stepper
from fastnet.codecs.http1 cimport Request
from fastnet.codecs.websocket cimport NO_CLOSE, NORMAL
from fastnet.protocols.http1 cimport Connection
from fastnet.protocols.websocket cimport WebSocket

from fastnet.codecs.websocket import Close
from fastnet.errors import ClientDisconnected, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket_handshake import Refusal, accept_deflate, offered, read_request, switching

cdef enum:
    # what the app is to send next
    CONNECT, OPEN, DENIAL_BODY, DENIAL_REST, OVER

cdef enum:
    READ_AHEAD = 65536        # bytes of messages that wait for the app

logger = logging.getLogger("fastnet")


cdef bint asks_for_websocket(Connection conn) except -1:
    """Whether a request that asks for an upgrade asks for this one."""
    value = conn.request.get("upgrade")
    return value is not None and b"websocket" in value.lower()


cdef WebSocketExchange new_websocket(Carrier carrier, callable, Stepper stepper, ScopeBuilder scopes, dict state, options):
    """The exchange of a request that asks for a WebSocket."""
    cdef WebSocketExchange exchange = WebSocketExchange.__new__(WebSocketExchange)
    cdef Request request = carrier.conn.request
    exchange.carrier, exchange.callable, exchange.stepper, exchange.options = carrier, callable, stepper, options
    exchange.receive_method, exchange.send_method = exchange.receive, exchange.send
    exchange.scope = scope = scopes.build(carrier, state)
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if scope["scheme"] == "https" else "ws"
    scope["subprotocols"] = offered(request)
    scope["extensions"] = {"websocket.http.response": {}}
    exchange.close_code, exchange.close_reason = NO_CLOSE, ""
    request.keep()
    carrier.conn.ws.request = Request.__new__(Request)      # that one is this exchange's now
    exchange.request = request
    return exchange


cdef class WebSocketExchange(MessageExchange):
    """One WebSocket of an ASGI application."""

    # --- the pump's side ---------------------------------------------------------------------------------------------

    cdef int start(self) except -1:
        refusal = read_request(self.request)
        if refusal is None and self.carrier.conn.content_length:
            refusal = Refusal(400, "a request for a WebSocket cannot have a body", [])
        if refusal is None:
            try:
                self.deflated = accept_deflate(self.request, self.options)
            except ProtocolError as error:
                refusal = Refusal(400, str(error), [])
        if refusal is not None:
            return self.refuse(refusal)
        del self.scope["method"]
        return self.begin(True)

    cdef int data(self, const char *data, Py_ssize_t n) except -1:
        cdef WebSocket ws = self.ws
        if ws is None:
            return 0
        ws.now = self.carrier.conn.ws.now
        self.inside = True
        try:
            ws.receive_data(PyBytes_FromStringAndSize(data, n))
            self.pull()
            return self.moved()
        finally:
            self.inside = False

    cdef bint wants_data(self):
        return self.event_bytes < READ_AHEAD and self.failure is None

    cdef int eof(self) except -1:
        if self.ws is None:
            return self.wake()
        self.inside = True
        try:
            self.ws.receive_eof()
            self.pull()
            return self.moved()
        finally:
            self.inside = False

    cdef int expire(self) except -1:
        cdef WebSocket ws = self.ws
        cdef Connection conn = self.carrier.conn
        if ws is None:
            return 0
        ws.now = conn.ws.now
        self.inside = True
        try:
            if conn.ws.draining:
                ws.drain()
            ws.handle_timeout(ws.now)
            self.pull()
            return self.moved()
        finally:
            self.inside = False

    cdef int drained(self) except -1:
        return self.wake()

    cdef int lost(self) except -1:
        self.gone = True
        self.carrier = None
        self.state = OVER
        return self.wake()

    # --- between the connection and the app --------------------------------------------------------------------------

    cdef int pull(self) except -1:
        """Messages for the app, as many as may wait."""
        cdef WebSocket ws = self.ws
        cdef bint came = False
        cdef object event
        if self.failure is not None:
            return 0
        try:
            while self.event_bytes < READ_AHEAD:
                event = ws.next_event()
                if event is NEED_DATA:
                    break
                if self.events is None:
                    self.events, self.at = [], 0
                self.events.append(event)
                self.event_bytes += len(event) + 64
                came = True
        except ProtocolError as error:
            self.failure = error
        if ws.is_asked() or self.failure is not None:
            came = True              # the app is told when it has received all that came before
        elif ws.is_over():
            if self.state != OVER:
                self.state, came = OVER, True
                if ws.close_code:
                    self.close_code, self.close_reason = ws.close_code, ws.close_reason
            if ws.eof_received:
                ws.close()
        if came:
            self.wake()
        return 0

    cdef int end_it(self, Carrier carrier) except -1:
        """The client asked for the end, or broke the rules; and the app has received all that came before that."""
        cdef WebSocket ws = self.ws
        self.claim(carrier)
        ws.now = carrier.conn.ws.now
        self.state, self.close_code, self.close_reason = OVER, ws.close_code, ws.close_reason
        if self.failure is not None:
            client = carrier.client
            logger.info("%s broke the rules of WebSocket, at %r: %s", "a client" if client is None else
                        f"{client[0]}:{client[1]}", self.scope["path"], self.failure)
            self.close_code = self.failure.status
            ws.fail(self.failure)
        ws.close()
        self.moved()
        if not self.inside:
            carrier.proceed()
        return 0

    cdef int put_out(self) except -1:
        """What the WebSocket has queued, into the connection's output."""
        cdef Connection conn = self.carrier.conn
        if self.ws.first is not None:
            conn.sent_elsewhere(self.ws.queued_bytes)
            for piece in self.ws.data_to_send():
                conn.out.append_bytes(piece)
        return 0

    cdef int moved(self) except -1:
        """Something happened: send, close, and see to the deadline."""
        cdef WebSocket ws = self.ws
        cdef Connection conn = self.carrier.conn
        self.put_out()
        if ws.aborted:
            conn.abort()
        elif ws.closing:
            conn._close(False, not conn.eof)
            conn._set_deadline()
        else:
            self.set_deadline()
        return 0

    cdef int set_deadline(self) noexcept:
        self.carrier.conn._input_due = self.ws.due()
        return self.carrier.conn._set_deadline()

    cdef str label(self):
        return f"the application, at the WebSocket {self.scope['path']!r},"

    cdef int finished(self, object error) except -1:
        cdef Carrier carrier = self.carrier
        self.receive_method = self.send_method = None
        if error is not None:
            # when nobody is there any more, then it may fail for that very reason
            if not (self.state == OVER and isinstance(error, (OSError, asyncio.CancelledError))):
                logger.error("%s failed", self.label(), exc_info=error)
        elif self.state == CONNECT:
            logger.error("%s returned before it accepted or closed", self.label())
        if carrier is None:
            return 0
        self.claim(carrier)
        if self.state == CONNECT or self.state == DENIAL_BODY or self.state == DENIAL_REST:
            self.carrier = None
            carrier.conn.fail(500, "Internal Server Error")
        elif self.state == OPEN:
            self.ws.now = carrier.conn.ws.now
            if error is not None:
                self.ws.fail(error)
            self.ws.close()
            self.state = OVER
            self.moved()
        if not self.inside:
            carrier.proceed()
        return 0

    # --- what the app awaits -----------------------------------------------------------------------------------------

    cdef object next_message(self):
        """What receive() gives; None: nothing yet."""
        cdef Carrier carrier = self.carrier
        cdef bint was_full
        if not self.connect_told:
            self.connect_told = True
            return {"type": "websocket.connect"}
        if self.events is not None:
            event = self.events[self.at]
            self.at += 1
            was_full = self.event_bytes >= READ_AHEAD
            self.event_bytes -= len(event) + 64
            if self.at == len(self.events):
                self.events = None
            if was_full and self.event_bytes < READ_AHEAD and carrier is not None:
                self.claim(carrier)
                self.ws.now = carrier.conn.ws.now
                self.pull()
                self.moved()
                if not self.inside:
                    carrier.proceed()
            if isinstance(event, str):
                return {"type": "websocket.receive", "text": event}
            return {"type": "websocket.receive", "bytes": event}
        if self.state == OPEN and carrier is not None and (self.failure is not None or self.ws.is_asked()):
            self.end_it(carrier)
        if carrier is None or self.state == OVER or (self.state == CONNECT and carrier.conn.eof):
            return {"type": "websocket.disconnect", "code": self.close_code, "reason": self.close_reason}
        return None

    cdef int deliver(self, object message) except -1:
        cdef dict fields = message if PyDict_CheckExact(message) else dict(message)
        cdef str kind = fields["type"]
        cdef Carrier carrier = self.carrier
        if carrier is None or self.state == OVER:
            raise ClientDisconnected("the WebSocket is closed; nothing more can be sent")
        self.claim(carrier)
        if kind == "websocket.send" and self.state == OPEN:
            self.send_message(fields)
        elif kind == "websocket.accept" and self.state == CONNECT:
            self.accept(fields)
        elif kind == "websocket.close" and self.state <= OPEN:
            self.close(fields)
        elif kind == "websocket.http.response.start" and self.state == CONNECT:
            self.status, self.headers = fields["status"], list(fields.get("headers", ()))
            if not 200 <= self.status <= 999:
                raise ValueError(f"{self.status} is no status of an answer, which is from 200 to 999")
            self.state = DENIAL_BODY
            return SENT
        elif kind == "websocket.http.response.body" and (self.state == DENIAL_BODY or self.state == DENIAL_REST):
            self.deny_part(fields)
        elif kind.startswith("websocket."):
            raise RuntimeError(f"{kind} is out of order")
        else:
            raise ValueError(f"{kind!r} is no message that a WebSocket application sends")
        if not self.inside:
            if self.carrier is None or carrier.conn.is_closed():
                carrier.proceed()
            else:
                carrier.flush()
        return SENT if self.carrier is None or self.has_room() else MUST_WAIT

    cdef int accept(self, dict message) except -1:
        cdef Connection conn = self.carrier.conn
        cdef object subprotocol = message.get("subprotocol")
        cdef list fields
        deflated = self.deflated
        fields = switching(self.request, subprotocol, None if deflated is None else deflated[0])
        for pair in message.get("headers", ()):
            name, value = pair
            check_field(name, value)
            if name.lower() in (b"sec-websocket-accept", b"sec-websocket-extensions", b"upgrade", b"connection") or (
                    name.lower() == b"sec-websocket-protocol" and subprotocol is not None):
                raise ValueError(f"{name.decode('latin-1')} of websocket.accept is the server's own")
            fields.append((name, value))
        put_fields(conn, 101, fields)
        self.tunnels = True
        conn.end_head(-1)
        conn.send_end(None)
        self.ws = WebSocket(self.options, deflating=None if deflated is None else deflated[1], subprotocol=subprotocol)
        self.ws.holds_close = True
        self.ws.now = conn.ws.now
        self.ws.connection_made()
        self.state, self.deflated = OPEN, None
        self.set_deadline()
        if not self.inside:
            self.carrier.proceed()            # what has come meanwhile
        return 0

    cdef int send_message(self, dict message) except -1:
        cdef WebSocket ws = self.ws
        cdef object value = message.get("bytes")
        if value is None:
            value = message.get("text")
            if not isinstance(value, str):
                raise TypeError("websocket.send needs text, a str, or bytes")
        elif not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"the bytes of websocket.send are bytes, not {type(value).__name__}")
        ws.now = self.carrier.conn.ws.now
        ws.send(value)
        return self.put_out()

    cdef int close(self, dict message) except -1:
        cdef Carrier carrier = self.carrier
        cdef object code = message.get("code")
        if self.state == CONNECT:
            return self.deny(403, [], b"", False)
        close = Close(NORMAL if code is None else code, message.get("reason") or "")
        self.ws.now = carrier.conn.ws.now
        self.ws.send(close)
        self.state, self.close_code, self.close_reason = OVER, close.code, close.reason
        self.moved()
        self.wake()
        return 0

    # --- answers that are no WebSocket -------------------------------------------------------------------------------

    cdef int refuse(self, refusal) except -1:
        """The request is none for a WebSocket: the app is not asked."""
        self.receive_method = self.send_method = None
        self.inside = True
        fields = [*refusal.fields, (b"content-type", b"text/plain; charset=utf-8")]
        return self.deny(refusal.status, fields, refusal.text.encode() + b"\n", False)

    cdef int deny(self, int status, headers, bytes body, bint more) except -1:
        cdef Connection conn = self.carrier.conn
        put_fields(conn, status, headers)
        conn.end_head(-1 if more else PyBytes_GET_SIZE(body))
        return self.put_denial(body, more)

    cdef int deny_part(self, dict message) except -1:
        cdef bytes body = body_of(message.get("body", b""))
        cdef bint more = bool(message.get("more_body", False))
        if self.state == DENIAL_BODY:
            self.state = DENIAL_REST
            return self.deny(self.status, self.headers, body, more)
        return self.put_denial(body, more)

    cdef int put_denial(self, bytes body, bint more) except -1:
        self.carrier.conn.send_data(PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body), body)
        if not more:
            self.carrier.conn.send_end(None)
            self.state = OVER
            self.carrier = None
            self.wake()
        return 0
