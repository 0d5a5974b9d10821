"""A method of an RPC service, and the straight way from a Call to its result."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastnet.apps.rpc_types import Kind
from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import RPCError

class Method:
    """A function, and what its signature says. Never changes."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        signature: inspect.Signature,
        kinds: Mapping[str, Kind],
        result: Kind,
        bind: Callable[[Any], tuple[list[Any], dict[str, Any]]],
        exact: Iterable[type | None],
        *,
        doc: str = "",
        required: int = 0,
        most: int = 0,
        plain: bool = False,
        is_async: bool = False,
        is_stream: bool = False,
        timeout_s: float | None = None,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def signature(self) -> inspect.Signature: ...
    @property
    def kinds(self) -> Mapping[str, Kind]: ...
    @property
    def result(self) -> Kind: ...
    @property
    def doc(self) -> str: ...
    @property
    def timeout_s(self) -> float | None: ...
    @property
    def is_async(self) -> bool: ...
    @property
    def is_stream(self) -> bool: ...
    def invoke(self, params: Any) -> Any:
        """What the function returns, which may be a coroutine. Raises InvalidParams, and whatever it raises."""

class Dispatcher:
    """What answers the calls of a service of `def` methods."""

    def __init__(
        self,
        methods: dict[str, Method],
        fault_of: Callable[[BaseException, Call], RPCError],
        gather: Callable[[Iterable[Any]], list[Any]],
        items: Callable[[Call, Any], Iterator[Any]],
    ) -> None: ...
    def answer(self, event: Any) -> Any:
        """The answer to an event: the Call itself; for a stream a generator of Items and then it; None."""
