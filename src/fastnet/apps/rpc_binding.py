"""From a function to a Method: its signature decides what a call may pass, by position or by name."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from fastnet.apps.rpc_method import Method
from fastnet.apps.rpc_types import Kind, Mismatch, kind_of
from fastnet.errors import ConfigError
from fastnet.protocols.rpc_errors import InvalidParams

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_STREAMS = ("Iterator", "Generator", "AsyncIterator", "AsyncGenerator", "Iterable", "AsyncIterable")


def method_of(function: Callable[..., Any], name: str, timeout_s: float | None = None) -> Method:
    """The Method of a function. Raises ConfigError for an annotation that cannot be checked, or a deadline of 0."""
    if not callable(function):
        raise ConfigError("method", function, "a function")
    if timeout_s is not None and not timeout_s > 0:
        raise ConfigError("timeout_s", timeout_s, "seconds above 0, or None")
    signature = inspect.signature(function)
    try:
        hints = typing.get_type_hints(function)
    except TypeError:  # an object that can be called
        hints = typing.get_type_hints(type(function).__call__)
    kinds: dict[str, Kind] = {}
    for parameter in signature.parameters.values():
        try:
            kinds[parameter.name] = kind_of(hints.get(parameter.name, Any))
        except ConfigError as error:
            raise ConfigError(f"{name}({parameter.name})", error.value, error.expected) from None
    is_stream = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    by_position = [p for p in signature.parameters.values() if p.kind in _POSITIONAL]
    return Method(
        name,
        function,
        signature,
        kinds,
        _result_kind(hints.get("return", Any)),
        _binder(name, signature, kinds),
        [kinds[p.name].exact for p in by_position],
        doc=inspect.getdoc(function) or "",
        required=sum(p.default is p.empty for p in by_position),
        most=len(by_position),
        plain=not any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in signature.parameters.values()),
        is_async=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
        is_stream=is_stream,
        timeout_s=timeout_s,
    )


def _result_kind(annotation: Any) -> Kind:
    """A result is not checked, so its annotation may be anything; it is only told."""
    origin = typing.get_origin(annotation)
    if origin is not None and origin.__name__ in _STREAMS:
        return kind_of(list)
    try:
        return kind_of(annotation)
    except ConfigError:
        return kind_of(Any)


def _binder(
    name: str, signature: inspect.Signature, kinds: dict[str, Kind]
) -> Callable[[Any], tuple[list[Any], dict[str, Any]]]:
    parameters = list(signature.parameters.values())
    by_position = [p for p in parameters if p.kind in _POSITIONAL]
    rest = next((p for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    others = next((p for p in parameters if p.kind is p.VAR_KEYWORD), None)
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    needed = [p.name for p in parameters if p.default is p.empty and p not in (rest, others)]

    def checked(parameter: inspect.Parameter, value: Any, shown: str) -> Any:
        try:
            return kinds[parameter.name].check(value)
        except Mismatch as error:
            raise InvalidParams(f"{name}(): {shown}: {error}") from None

    def positional(params: Any) -> list[Any]:
        if len(params) > len(by_position) and rest is None:
            raise InvalidParams(f"{name}() takes at most {len(by_position)} arguments by position, not {len(params)}")
        args = []
        for i, value in enumerate(params):
            parameter = by_position[i] if i < len(by_position) else rest
            assert parameter is not None
            args.append(checked(parameter, value, parameter.name if parameter is not rest else f"argument {i + 1}"))
        given = {p.name for p in by_position[: len(args)]}
        _lacking(name, [each for each in needed if each not in given])
        return args

    def by_name(params: dict[str, Any]) -> dict[str, Any]:
        kwargs = {}
        for key, value in params.items():
            parameter = named.get(key, others)
            if parameter is None:
                raise InvalidParams(f"{name}() has no parameter {key[:100]!r}")
            kwargs[key] = checked(parameter, value, key[:100])
        _lacking(name, [each for each in needed if each not in kwargs])
        return kwargs

    def bind(params: Any) -> tuple[list[Any], dict[str, Any]]:
        return ([], by_name(params)) if isinstance(params, dict) else (positional(params), {})

    return bind


def _lacking(name: str, missing: list[str]) -> None:
    if missing:
        raise InvalidParams(f"{name}() lacks {', '.join(missing)}")
