"""The blocking RPC client: MessagePack-RPC and JSON-RPC over TCP, TLS and Unix sockets, JSON-RPC and XML-RPC over HTTP.

    with Client("tcp://127.0.0.1:4000") as client:
        client.call("add", [1, 2])
        client.call_many([("add", [1, 2]), ("add", [3, 4])])    # pipelined

One connection, made when it is needed, and again when it was lost while no call was waiting. A call is never sent
twice, unless its caller says that it is idempotent. Threads may share a client, and take turns.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from fastnet.clients.dialing import Destination, dial, secured
from fastnet.clients.rpc_pending import Params, Pending, Settings, check_seconds, plain_params
from fastnet.errors import ProtocolError
from fastnet.protocols.rpc import Answer, Call, Item
from fastnet.protocols.rpc_errors import ConnectionLost, DeadlineExceeded
from fastnet.protocols.rpc_http import HTTPCaller
from fastnet.protocols.rpc_msgpack import MessagePackRPC

_READ_BYTES = 262144


class Client(Settings):
    """A connection to an RPC server.

    Args:
        url, protocol, tls, headers, max_message_bytes, max_depth: see clients.rpc_target.target_of().
        timeout_s: the deadline of a call that has none of its own, in seconds; None: there is none.
        connect_timeout_s: of one attempt to connect.
        retries: further attempts to connect, after waits that double from 50 ms to 2 s; nothing has been sent then.
        send_deadlines: tell the server deadlines, by "$/call"; for servers that know it, such as fastnet's.

    Raises ConfigError for a value that cannot be. Methods raise RPCError, of the class of its code, for a fault;
    DeadlineExceeded; ConnectionLost, when the answer will not come; OSError, when no connection can be made;
    ProtocolError, when the server breaks the rules; TypeError or ValueError for what cannot be sent.
    """

    def _prepare(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._input = select.poll()
        self._pending: Pending[bool] | None = None

    # --- the connection ---

    def _connect(self) -> tuple[socket.socket, Pending[bool]]:
        if self._socket is not None and self._pending is not None and self._usable(self._socket, self._pending):
            return self._socket, self._pending
        self._drop()
        self._socket = self._retry.run(self._open)
        # Never blocking: a timeout of the socket would be three calls into the kernel for what poll() does with one.
        self._socket.settimeout(0)
        self._input = select.poll()
        self._input.register(self._socket, select.POLLIN)
        self._pending = Pending(self._target.make())
        return self._socket, self._pending

    def _open(self) -> socket.socket:
        target, timeout_s = self._target, self._connect_timeout_s
        scheme = "unix" if target.path else "tcp"
        connection = dial(Destination(scheme, target.host, target.port, target.path), timeout_s)
        return secured(connection, timeout_s, target.tls, target.host)

    def _usable(self, connection: socket.socket, pending: Pending[bool]) -> bool:
        """Whether nobody has closed it meanwhile; answers that came too late are dropped."""
        if pending.protocol.closing:
            return False
        try:
            while self._has_input(connection, 0.0):
                data = self._receive(connection)
                if not data:
                    return data is None
                pending.protocol.receive_data(data)
                list(pending.events())
            return True
        except (OSError, ProtocolError):
            return False

    def _has_input(self, connection: socket.socket, end: float) -> bool:
        """Wait for something to read. With TLS it may be for TLS alone."""
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        while not self._input.poll(_milliseconds(end)):
            if time.monotonic() >= end:
                return False
        return True

    def _receive_in_time(self, connection: socket.socket, end: float) -> bytes | None:
        """What comes next, b"" at the end, None when the time is over."""
        while self._has_input(connection, end):
            if (data := self._receive(connection)) is not None:
                return data
        return None

    def _receive(self, connection: socket.socket) -> bytes | None:
        """What is there, b"" at the end, None when there is nothing."""
        try:
            return connection.recv(_READ_BYTES)
        except OSError as error:
            if _would_block(error):
                return None
            raise

    def _drop(self) -> None:
        connection, self._socket, self._pending = self._socket, None, None
        if connection is not None:
            connection.close()

    def _flush(self, connection: socket.socket, pending: Pending[bool], end: float) -> None:
        for data in pending.protocol.data_to_send():
            rest = memoryview(data)
            while rest:
                try:
                    rest = rest[connection.send(rest) :]
                except OSError as error:
                    if not _would_block(error):
                        raise
                    self._make_room(connection, pending, end)

    def _make_room(self, connection: socket.socket, pending: Pending[bool], end: float) -> None:
        """Wait until more can be sent. A server that nobody reads from may stop reading, so answers are taken."""
        waiting = select.poll()
        waiting.register(connection, select.POLLIN | select.POLLOUT)
        while not waiting.poll(_milliseconds(end)):
            if time.monotonic() >= end:
                raise DeadlineExceeded("the server does not take the call in time")
        if (received := self._receive(connection)) is not None:
            if not received:
                raise ConnectionLost("the server closed the connection before it had the whole call")
            pending.protocol.receive_data(received)

    def _events(self, connection: socket.socket, pending: Pending[bool], end: float) -> list[Answer | Item]:
        """What comes next; empty when the time is over. Raises ConnectionLost, OSError, ProtocolError."""
        while True:
            found = list(pending.events())
            self._flush(connection, pending, end)
            if found:
                return found
            if pending.protocol.eof_received:
                raise ConnectionLost("the server closed the connection before it answered")
            data = self._receive_in_time(connection, end)
            if data is None:
                return []
            if data:
                pending.protocol.receive_data(data)
            else:
                pending.protocol.receive_eof()

    def _end(self, timeout_s: float | None) -> float:
        check_seconds(timeout_s=timeout_s)
        seconds = self._timeout_s if timeout_s is None else timeout_s
        return time.monotonic() + (1e9 if seconds is None else seconds)

    def _told(self, end: float) -> float | None:
        return max(0.0, end - time.monotonic()) if self._send_deadlines and end - time.monotonic() < 1e8 else None

    # --- calls ---

    def call(
        self, method: str, params: Params = (), *, timeout_s: float | None = None, idempotent: bool = False
    ) -> Any:
        """Call a method and return its result.

        params: its arguments, a sequence, or by name a mapping. idempotent: it does no harm if it runs twice, so that
        it is sent again on a new connection when the first one was lost.
        """
        (found,) = self._run([(method, params)], self._end(timeout_s), idempotent)
        if isinstance(found, Exception):
            raise found
        return found

    def call_many(
        self,
        calls: Iterable[tuple[str, Params]],
        *,
        timeout_s: float | None = None,
        idempotent: bool = False,
    ) -> list[Any]:
        """Call methods, all of them before the first answer is awaited; over HTTP with JSON as a batch.

        Returns their results in the order of the calls; in place of one that failed is its RPCError. timeout_s is for
        all of them together. Otherwise as call().
        """
        return self._run(list(calls), self._end(timeout_s), idempotent)

    def _run(self, calls: list[tuple[str, Params]], end: float, idempotent: bool) -> list[Any]:
        with self._lock:
            if self._target.batches:
                return self._once(calls, end, idempotent)
            # One request after the other; a server may close the connection after any of them.
            return [found for each in calls for found in self._once([each], end, idempotent)]

    def _once(self, calls: list[tuple[str, Params]], end: float, idempotent: bool) -> list[Any]:
        try:
            return self._try(calls, end)
        except (ConnectionLost, ConnectionError):
            if not idempotent:
                raise
            return self._try(calls, end)

    def _try(self, calls: list[tuple[str, Params]], end: float) -> list[Any]:
        connection, pending = self._connect()
        try:
            ids = self._send(pending, calls, end)
            self._flush(connection, pending, end)
            found: dict[int, Any] = {}
            wanted = set(ids)
            while len(found) < len(wanted):
                events = self._events(connection, pending, end)
                if not events:
                    self._give_up(pending, wanted - found.keys(), connection)
                    break
                for event in events:
                    if isinstance(event, Answer) and pending.waiters.pop(event.id, False):
                        found[event.id] = event.result if event.fault is None else event.fault
        except ConnectionError as error:
            self._drop()
            raise ConnectionLost(f"the connection broke before the answer: {error}") from error
        except BaseException:
            self._drop()
            raise
        if pending.protocol.closing:
            self._drop()
        late = DeadlineExceeded("no answer in time")
        return [found.get(id, late) for id in ids]

    def _send(self, pending: Pending[bool], calls: list[tuple[str, Params]], end: float) -> list[int]:
        if isinstance(pending.protocol, HTTPCaller) and len(calls) > 1:
            made = []
            for method, params in calls:
                made.append(Call(pending.new_id(), method, plain_params(params)))
                pending.waiters[made[-1].id] = True
            pending.protocol.call_batch(made)
            return [call.id for call in made]
        told = self._told(end)
        return [pending.call(True, method, params, timeout_s=told) for method, params in calls]

    def _give_up(self, pending: Pending[bool], ids: Iterable[int], connection: socket.socket) -> None:
        """The time is over. Where calls are told apart, late answers are dropped; over HTTP the connection is."""
        if isinstance(pending.protocol, HTTPCaller):
            self._drop()
            return
        for id in ids:
            pending.cancel(id)
        try:
            self._flush(connection, pending, time.monotonic() + 0.1)
        except OSError:
            self._drop()

    def notify(self, method: str, params: Params = ()) -> None:
        """Send a notification: nobody will tell what became of it."""
        with self._lock:
            end = self._end(None)
            connection, pending = self._connect()
            try:
                pending.notify(method, params)
                self._flush(connection, pending, end)
                # Over HTTP it has an answer, if an empty one.
                while isinstance(pending.protocol, HTTPCaller) and not pending.protocol.fresh:
                    if not self._events_of_notice(connection, pending, end):
                        break
            except (TypeError, ValueError):
                raise
            except BaseException:
                self._drop()
                raise

    def _events_of_notice(self, connection: socket.socket, pending: Pending[bool], end: float) -> bool:
        data = self._receive_in_time(connection, end)
        if not data:
            self._drop()
            return False
        pending.protocol.receive_data(data)
        list(pending.events())
        return True

    def stream(self, method: str, params: Params = (), *, timeout_s: float | None = None) -> Iterator[Any]:
        """The items that a method gives, as they come (MessagePack-RPC). Leaving early cancels the call.

        The client is busy until the end. timeout_s is for each item.
        """
        if not isinstance(self._target.make(), MessagePackRPC):
            raise TypeError("only MessagePack-RPC has streams")
        with self._lock:
            connection, pending = self._connect()
            done, id = False, 0
            try:
                id = pending.call(True, method, params, stream=True)
                self._flush(connection, pending, self._end(timeout_s))
                while not done:
                    events = self._events(connection, pending, self._end(timeout_s))
                    if not events:
                        raise DeadlineExceeded("no item in time")
                    for event in events:
                        if event.id != id:
                            continue
                        if isinstance(event, Item):
                            yield event.value
                            continue
                        pending.waiters.pop(id, None)
                        done = True
                        if event.fault is not None:
                            raise event.fault
            except (OSError, ProtocolError, ConnectionLost):
                self._drop()
                raise
            finally:
                if not done and self._socket is not None:
                    self._give_up(pending, [id], connection)

    def close(self) -> None:
        """Close the connection; the next call makes a new one."""
        with self._lock:
            self._drop()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _would_block(error: OSError) -> bool:
    return isinstance(error, (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError))


def _milliseconds(end: float) -> float:
    """For poll(): until then, or for an hour, after which it is asked again."""
    return 1000.0 * max(0.0, min(end - time.monotonic(), 3600.0)) if end else 0.0
