"""The calls of a client that wait for their answers: what both faces share. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from fastnet.clients.dialing import Retry
from fastnet.clients.rpc_target import Caller, target_of
from fastnet.errors import ConfigError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Answer, Call, Cancel, Item
from fastnet.protocols.rpc_errors import MethodNotFound
from fastnet.protocols.rpc_msgpack import LARGEST_ID, MessagePackRPC

Params = Sequence[Any] | Mapping[str, Any]
_Waiter = TypeVar("_Waiter")


def plain_params(params: Params) -> list[Any] | dict[str, Any]:
    """Arguments as they are sent. Raises TypeError for a str, which is a sequence only by accident."""
    if type(params) is list:
        return params.copy()
    if isinstance(params, Mapping):
        return dict(params)
    if isinstance(params, (str, bytes, bytearray)):
        raise TypeError(f"params are a sequence or a mapping, not {type(params).__name__}: call(method, [argument])")
    return list(params)


def check_seconds(**options: float | None) -> None:
    """Raise ConfigError for a time that cannot be."""
    for name, value in options.items():
        if value is not None and not (isinstance(value, (int, float)) and value > 0):
            raise ConfigError(name, value, "seconds above 0, or None")


class Settings:
    """What both faces are given; see clients.rpc.Client."""

    def __init__(
        self,
        url: str,
        protocol: str = "msgpack",
        *,
        timeout_s: float | None = 30.0,
        connect_timeout_s: float | None = 10.0,
        retries: int = 2,
        send_deadlines: bool = False,
        **options: Any,
    ) -> None:
        check_seconds(timeout_s=timeout_s, connect_timeout_s=connect_timeout_s)
        if not isinstance(retries, int) or retries < 0:
            raise ConfigError("retries", retries, "an integer, at least 0")
        self._target = target_of(url, protocol, **options)
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._retry = Retry(attempts=retries + 1, first_s=0.05, ceiling_s=2.0)
        self._send_deadlines = send_deadlines and protocol == "msgpack"
        self._prepare()

    def _prepare(self) -> None:
        """Make what a face has of its own."""
        raise NotImplementedError


class Pending(Generic[_Waiter]):
    """Of one connection: its protocol, and who waits for which answer."""

    def __init__(self, protocol: Caller) -> None:
        self.protocol = protocol
        self.waiters: dict[int, _Waiter] = {}
        self._last = 0

    def new_id(self) -> int:
        """An id that no waiting call has."""
        while True:
            self._last = self._last + 1 if self._last < LARGEST_ID else 1
            if self._last not in self.waiters:
                return self._last

    def call(
        self, waiter: _Waiter, method: str, params: Params, *, stream: bool = False, timeout_s: float | None = None
    ) -> int:
        """Queue a call and return its id. Raises TypeError or ValueError for what cannot be sent."""
        id = self.new_id()
        self.protocol.call(Call(id, method, plain_params(params), stream=stream, timeout_s=timeout_s))
        self.waiters[id] = waiter
        return id

    def notify(self, method: str, params: Params) -> None:
        """Queue a notification. Raises as call() does."""
        self.protocol.call(Call(None, method, plain_params(params), one_way=True))

    def cancel(self, id: int) -> None:
        """Nobody waits for this call any more; the peer is told if the protocol can."""
        if self.waiters.pop(id, None) is not None and isinstance(self.protocol, MessagePackRPC):
            self.protocol.send(Cancel(id))

    def events(self) -> Iterator[Answer | Item]:
        """What has come for those who wait, an Answer's waiter still among them. Raises ProtocolError."""
        while (event := self.protocol.next_event()) is not NEED_DATA:
            if isinstance(event, Call):
                if not event.one_way:
                    event.fault = MethodNotFound("this side has no methods")
                    self.protocol.send(event)
            elif isinstance(event, Answer):
                # One without an id says that some call could not be made out; the connection ends then, or a deadline.
                yield event
            elif isinstance(event, Item):
                yield event
