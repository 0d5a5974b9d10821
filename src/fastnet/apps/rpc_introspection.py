"""What a service tells of itself, as methods that it serves: system.listMethods and its kin, on every protocol.

They are XML-RPC's customary ones, and system.describe, which says more. Signatures are made of annotations.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastnet.apps.rpc_method import Method
from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import InvalidParams, MethodNotFound, RPCError

if TYPE_CHECKING:
    from fastnet.apps.rpc import Service

_PLAIN = frozenset({int, str, bool, float, bytes, list, dict, type(None)})
_MOST_SIGNATURES = 100


class Introspection:
    """The methods system.* of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.methods: dict[str, Callable[..., Any]] = {
            "system.listMethods": self._list_methods,
            "system.methodSignature": self._method_signature,
            "system.methodHelp": self._method_help,
            "system.describe": self._describe,
            "system.multicall": self._multicall,
        }

    def _list_methods(self) -> list[str]:
        """The names of all methods."""
        return sorted(self._service.methods)

    def _known(self, name: str) -> Method:
        method = self._service.methods.get(name)
        if method is None:
            raise MethodNotFound(f"there is no method {name[:100]!r}")
        return method

    def _method_signature(self, name: str) -> list[list[str]]:
        """A method's signatures in XML-RPC's types, each [result, argument, ...]; one for each number of arguments."""
        method = self._known(name)
        kinds = [(p, method.kinds[p.name]) for p in method.signature.parameters.values()]
        kinds = [(p, kind) for p, kind in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        required = sum(p.default is p.empty for p, _ in kinds)
        found: list[list[str]] = []
        for result in method.result.xml:
            signatures = [[result]]
            for i, (_, kind) in enumerate([*kinds, (None, None)]):
                if i >= required:
                    found += signatures
                if kind is None or len(found) + len(signatures) * len(kind.xml) > _MOST_SIGNATURES:
                    break
                signatures = [[*signature, xml] for signature in signatures for xml in kind.xml]
        return found

    def _method_help(self, name: str) -> str:
        """A method's documentation, "" where there is none."""
        return self._known(name).doc

    def _describe(self) -> list[dict[str, Any]]:
        """All methods: name, signature as Python has it, documentation, and whether it gives a stream."""
        return [
            {"name": name, "signature": f"{name}{_shown(method)}", "help": method.doc, "stream": method.is_stream}
            for name, method in sorted(self._service.methods.items())
        ]

    def _multicall(self, calls: list[dict[str, Any]]) -> list[Any]:
        """Several calls as one: [{"methodName": name, "params": [...]}, ...]; each gives [result] or a fault."""
        service = self._service
        if len(calls) > service.max_batch:
            raise InvalidParams(f"{len(calls)} calls at once; the most is {service.max_batch}")
        found = [self._one(call) for call in calls]
        waiting = [each for each in found if not isinstance(each, (list, dict))]
        return self._wait(found) if waiting else found  # type: ignore[return-value]

    def _one(self, wanted: dict[str, Any]) -> Any:
        name, params = wanted.get("methodName"), wanted.get("params", [])
        call = Call(None, name if isinstance(name, str) else "", params)
        try:
            if not isinstance(name, str) or not isinstance(params, (list, dict)):
                raise InvalidParams("a call has methodName, a string, and params, an array")
            if name == "system.multicall":
                raise InvalidParams("system.multicall cannot call itself")
            result = self._service.invoke(call)
            if type(result) in _PLAIN:
                return [result]
            if hasattr(result, "__anext__"):
                result = self._service.gather_async(result)
            if inspect.isawaitable(result):
                return self._one_async(call, result)
            return [self._service.gather(result) if inspect.isgenerator(result) else result]
        except BaseException as error:
            return _struct(self._service.fault_of(error, call))

    async def _one_async(self, call: Call, result: Awaitable[Any]) -> Any:
        try:
            return [await result]
        except Exception as error:
            return _struct(self._service.fault_of(error, call))

    async def _wait(self, found: list[Any]) -> list[Any]:
        return [each if isinstance(each, (list, dict)) else await each for each in found]


def _struct(fault: RPCError) -> dict[str, Any]:
    return {"faultCode": fault.code, "faultString": fault.message}


def _shown(method: Method) -> str:
    """A signature with each annotation by the name that it has in messages."""
    signature = method.signature
    parameters = [
        p.replace(annotation=_Text(method.kinds[p.name].name) if p.annotation is not p.empty else p.empty)
        for p in signature.parameters.values()
    ]
    result = signature.return_annotation
    shown = _Text(method.result.name) if result is not signature.empty else result
    return str(signature.replace(parameters=parameters, return_annotation=shown))


class _Text:
    """An annotation that shows itself as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
