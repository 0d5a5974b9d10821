"""A service of typed methods, to be called by MessagePack-RPC, JSON-RPC 2.0 and XML-RPC; written once.

    api = Service("arithmetic")

    @api.method
    def add(a: int, b: int = 1) -> int:
        return a + b

What can be served stands beside it, as `api.msgpack`, `api.json`, `api.json_prefixed` (streams) and `api.http`,
`api.wsgi`, `api.asgi`: targets of `fastnet serve module:api.msgpack` and of fastnet.serve().

Arguments are checked against annotations before a method is called; see apps.rpc_types. A method says no by raising an
RPCError, which goes to the caller as it is. Whatever else it raises is logged with its traceback, and the caller is
told "internal error", or with debug=True the error and the traceback, too.
"""

from __future__ import annotations

import functools
import inspect
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from fastnet.apps import service as services
from fastnet.apps.rpc_binding import method_of
from fastnet.apps.rpc_introspection import Introspection
from fastnet.apps.rpc_method import Dispatcher, Method
from fastnet.errors import ConfigError
from fastnet.protocols.rpc import Call, Item
from fastnet.protocols.rpc_errors import InternalError, MethodNotFound, ResultRefused, RPCError
from fastnet.protocols.rpc_msgpack import MAX_DEPTH, MAX_MESSAGE_BYTES, MessagePackRPC

if TYPE_CHECKING:
    from fastnet.apps.rpc_http import HTTPApp

_Function = TypeVar("_Function", bound=Callable[..., Any])

logger = logging.getLogger("fastnet")


class Service:
    """Methods by name, and what holds for all of them.

    Args:
        name: for logs and introspection.
        debug: tell callers what a method raised, with its traceback. For development only.
        timeout_s: the deadline of `async def` methods that have none of their own, in seconds; None: there is none. A
            `def` method cannot be interrupted.
        max_message_bytes, max_depth: of a message, received or sent.
        concurrency: calls of one connection that `async def` methods may be busy with; further ones wait.
        max_batch: calls in one batch of JSON-RPC or one system.multicall.
        max_items: of a generator whose caller takes no stream, and so gets a list.
        idle_timeout: seconds without a call, after which a stream connection is closed.

    Raises ConfigError for a value that cannot be.
    """

    def __init__(
        self,
        name: str = "rpc",
        *,
        debug: bool = False,
        timeout_s: float | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        max_depth: int = MAX_DEPTH,
        concurrency: int = 64,
        max_batch: int = 1000,
        max_items: int = 100_000,
        idle_timeout: float = 300.0,
    ) -> None:
        for option, value in (
            ("max_message_bytes", max_message_bytes),
            ("concurrency", concurrency),
            ("max_batch", max_batch),
            ("max_items", max_items),
        ):
            if not isinstance(value, int) or value < 1:
                raise ConfigError(option, value, "an integer, at least 1")
        if not isinstance(max_depth, int) or not 1 <= max_depth <= 500:
            raise ConfigError("max_depth", max_depth, "an integer from 1 to 500")
        for option, seconds in (("timeout_s", timeout_s), ("idle_timeout", idle_timeout)):
            if seconds is not None and not seconds > 0:
                raise ConfigError(option, seconds, "seconds above 0")
        self.name = name
        self.debug = debug
        self.timeout_s = timeout_s
        self.max_message_bytes = max_message_bytes
        self.max_depth = max_depth
        self.concurrency = concurrency
        self.max_batch = max_batch
        self.max_items = max_items
        self.idle_timeout = idle_timeout
        self.methods: dict[str, Method] = {}
        system = Introspection(self)
        self.methods |= {name: method_of(function, name) for name, function in system.methods.items()}

    @overload
    def method(self, function: _Function) -> _Function: ...
    @overload
    def method(
        self, *, name: str | None = None, timeout_s: float | None = None
    ) -> Callable[[_Function], _Function]: ...

    def method(
        self, function: Callable[..., Any] | None = None, *, name: str | None = None, timeout_s: float | None = None
    ) -> Any:
        """Serve a function, `def` or `async def` or a generator of either; a decorator, which returns it as it is.

        name: what callers call it, by default its own. timeout_s: its deadline, for `async def`; a caller may ask for
        a shorter one. Raises ConfigError for a name that is taken or reserved, or an annotation that cannot be checked.
        """

        def add(function: _Function) -> _Function:
            known = getattr(function, "__name__", type(function).__name__) if name is None else name
            if known in self.methods:
                raise ConfigError("name", known, "a name that no other method has")
            if known.startswith(("$/", "rpc.")) or not known:
                raise ConfigError("name", known, 'a name that does not begin with "$/" or "rpc.", which are reserved')
            self.methods[known] = method_of(function, known, timeout_s)
            return function

        return add if function is None else add(function)

    def add_methods(self, target: object, prefix: str = "") -> None:
        """Serve all public methods of an object, by their names behind `prefix`. Raises as method() does."""
        for name, function in inspect.getmembers(target, callable):
            if not name.startswith("_"):
                self.method(name=prefix + name)(function)

    @property
    def is_async(self) -> bool:
        """Whether any method is `async def`, so that calls need an event loop."""
        return any(method.is_async for method in self.methods.values())

    # --- what every protocol needs ---

    def invoke(self, call: Call) -> Any:
        """What the method returns, which may be a coroutine or a generator. Raises RPCError, and whatever it raises."""
        method = self.methods.get(call.method)
        if method is None:
            raise MethodNotFound(f"there is no method {call.method[:100]!r}")
        return method.invoke(call.params)

    def deadline(self, call: Call) -> float | None:
        """Seconds that a call may take, by the method's, the service's and the caller's wish."""
        method = self.methods.get(call.method)
        own = self.timeout_s if method is None or method.timeout_s is None else method.timeout_s
        wishes = [each for each in (own, call.timeout_s) if each is not None]
        return min(wishes) if wishes else None

    def fault_of(self, error: BaseException, call: Call) -> RPCError:
        """The fault to answer with when a method has raised `error`."""
        if isinstance(error, RPCError):
            return error
        logger.error("%s: %s() raised", self.name, call.method, exc_info=error)
        if not self.debug:
            return InternalError()
        lines = traceback.format_exception(error)
        return InternalError(f"{type(error).__name__}: {error}", {"traceback": "".join(lines)})

    def gather(self, items: Iterable[Any]) -> list[Any]:
        """The items of a generator, whose caller takes no stream. Raises ResultRefused for more than max_items."""
        found: list[Any] = []
        for item in items:
            if len(found) == self.max_items:
                raise self._too_many()
            found.append(item)
        return found

    async def gather_async(self, items: AsyncIterator[Any]) -> list[Any]:
        """The same, of an `async def` generator."""
        found: list[Any] = []
        async for item in items:
            if len(found) == self.max_items:
                raise self._too_many()
            found.append(item)
        return found

    def items(self, call: Call, found: Generator[Any, None, None]) -> Iterator[Item | Call]:
        """A stream: an Item for each that a generator gives, and at the end its Call."""
        try:
            for value in found:
                yield Item(call.id, value)
        except GeneratorExit:
            raise
        except BaseException as error:
            call.fault = self.fault_of(error, call)
        finally:
            found.close()
        yield call

    def _too_many(self) -> ResultRefused:
        return ResultRefused(f"more than {self.max_items} items; ask for a stream")

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method as a caller would, by position or by name, arguments checked; for tests.

        Returns what the method returns. Raises RPCError for what is wrong with the call, and whatever it raises.
        """
        if args and kwargs:
            raise TypeError("arguments by position or by name, not both, as in the protocols")
        return self.invoke(Call(0, name, kwargs or list(args)))

    # --- what can be served ---

    def _stream(self, protocol: Callable[[], Any]) -> services.Service:
        if not self.is_async:
            handler: Any = Dispatcher(self.methods, self.fault_of, self.gather, self.items).answer
            return services.Service(protocol, handler=handler, name=self.name)
        from fastnet.apps.rpc_stream import handler_class

        return services.Service(protocol, handler=handler_class(self), concurrency=self.concurrency, name=self.name)

    @functools.cached_property
    def msgpack(self) -> services.Service:
        """MessagePack-RPC, over any stream."""
        return self._stream(
            functools.partial(
                MessagePackRPC,
                max_message_bytes=self.max_message_bytes,
                max_depth=self.max_depth,
                idle_timeout=self.idle_timeout,
            )
        )

    def _json(self, framing: str) -> services.Service:
        from fastnet.protocols.rpc_json import JSONRPC

        return self._stream(
            functools.partial(
                JSONRPC,
                framing,
                max_message_bytes=self.max_message_bytes,
                max_depth=self.max_depth,
                max_batch=self.max_batch,
                idle_timeout=self.idle_timeout,
            )
        )

    @functools.cached_property
    def json(self) -> services.Service:
        """JSON-RPC 2.0, a line for each message, over any stream."""
        return self._json("lines")

    @functools.cached_property
    def json_prefixed(self) -> services.Service:
        """JSON-RPC 2.0, a length of four bytes, big-endian, before each message, over any stream."""
        return self._json("prefixed")

    @functools.cached_property
    def _http(self) -> HTTPApp:
        from fastnet.apps.rpc_http import HTTPApp

        return HTTPApp(self)

    @property
    def wsgi(self) -> Any:
        """JSON-RPC and XML-RPC over HTTP, a WSGI app. Raises ConfigError where a method is `async def`."""
        if self.is_async:
            raise ConfigError("wsgi", self.name, "methods that are all def, or asgi")
        return self._http.wsgi

    @property
    def asgi(self) -> Any:
        """JSON-RPC and XML-RPC over HTTP, an ASGI app."""
        return self._http.asgi

    @property
    def http(self) -> Any:
        """The one of the two that suits the methods."""
        return self.asgi if self.is_async else self.wsgi
