"""What a service tells of itself."""

from typing import Any

import pytest

from fastnet.apps.rpc import Service
from fastnet.protocols.rpc_errors import InvalidParams, MethodNotFound


def service() -> Service:
    api = Service("arithmetic", max_batch=3)

    @api.method
    def add(a: int, b: int | float = 1, *rest: str) -> float:
        """The sum of two numbers."""
        return a + b

    @api.method
    def fail() -> None:
        raise ValueError("a secret")

    @api.method
    def count(n: int) -> Any:
        yield from range(n)

    return api


def test_methods_are_listed() -> None:
    names = service().call("system.listMethods")
    assert names == sorted(names)
    assert {"add", "fail", "system.listMethods", "system.multicall"} <= set(names)


def test_signatures_are_true() -> None:
    api = service()
    assert api.call("system.methodSignature", "add") == [
        ["double", "int"],
        ["double", "int", "int"],
        ["double", "int", "double"],
    ]
    assert api.call("system.methodSignature", "fail") == [["nil"]]
    assert api.call("system.methodSignature", "system.methodHelp") == [["string", "string"]]
    with pytest.raises(MethodNotFound):
        api.call("system.methodSignature", "nope")


def test_signatures_do_not_explode() -> None:
    api = Service()
    many = int | str | bool | float | None

    @api.method
    def wide(a: many, b: many, c: many, d: many, e: many) -> None: ...

    assert len(api.call("system.methodSignature", "wide")) <= 100


def test_help_is_the_docstring() -> None:
    assert service().call("system.methodHelp", "add") == "The sum of two numbers."
    assert service().call("system.methodHelp", "fail") == ""


def test_descriptions() -> None:
    told = {each["name"]: each for each in service().call("system.describe")}
    assert told["add"] == {
        "name": "add",
        "signature": "add(a: int, b: int | float = 1, *rest: str) -> float",
        "help": "The sum of two numbers.",
        "stream": False,
    }
    assert told["count"]["stream"] is True


def test_several_calls_as_one() -> None:
    api = service()
    calls = [
        {"methodName": "add", "params": [1, 2]},
        {"methodName": "nope", "params": []},
        {"methodName": "count", "params": [2]},
    ]
    assert api.call("system.multicall", calls) == [
        [3],
        {"faultCode": -32601, "faultString": "there is no method 'nope'"},
        [[0, 1]],
    ]
    assert api.call("system.multicall", [{"methodName": "fail"}]) == [
        {"faultCode": -32603, "faultString": "internal error"}
    ]
    for wrong in ({}, {"methodName": 1}, {"methodName": "add", "params": 1}, {"methodName": "system.multicall"}):
        assert api.call("system.multicall", [wrong])[0]["faultCode"] == -32602
    with pytest.raises(InvalidParams, match="the most is 3"):
        api.call("system.multicall", calls + calls)
