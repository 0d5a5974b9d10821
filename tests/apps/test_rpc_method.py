"""The straight way from a call to its result agrees with the binding, and gives the dispatcher's answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from fastnet.apps.rpc import Service
from fastnet.apps.rpc_binding import method_of
from fastnet.apps.rpc_method import Dispatcher
from fastnet.protocols.rpc import Call, Cancel, Item
from fastnet.protocols.rpc_errors import InternalError, InvalidParams, MethodNotFound, RPCError


def add(a: int, b: int = 10) -> int:
    return a + b


@pytest.mark.parametrize("params", [[1], [1, 2]])
def test_exact_arguments_are_passed_as_they_are(params: list[Any]) -> None:
    assert method_of(add, "add").invoke(params) == method_of(add, "add").invoke(tuple(params))


@pytest.mark.parametrize("params", [[], [1, 2, 3], [True], ["x"], {"c": 1}])
def test_everything_else_is_bound_and_checked(params: Any) -> None:
    with pytest.raises(InvalidParams):
        method_of(add, "add").invoke(params)


def test_any_type_is_passed_without_a_check() -> None:
    value = object()
    assert method_of(lambda a: a, "same").invoke([value]) is value


def service() -> Service:
    api = Service("test")
    api.method(add)

    @api.method
    def count(n: int) -> Iterator[int]:
        yield from range(n)
        if n == 3:
            raise RPCError("enough")

    @api.method
    def leave() -> None:
        raise SystemExit(3)

    return api


def dispatcher() -> Dispatcher:
    api = service()
    return Dispatcher(api.methods, api.fault_of, api.gather, api.items)


def answered(call: Call) -> Any:
    answer = dispatcher().answer(call)
    assert answer is call
    return call.result if call.fault is None else type(call.fault)


def test_calls_are_answered() -> None:
    assert answered(Call(1, "add", [1, 2])) == 3
    assert answered(Call(1, "add", {"a": 1})) == 11
    assert answered(Call(1, "add", ["x"])) is InvalidParams
    assert answered(Call(1, "sub", [])) is MethodNotFound
    assert answered(Call(1, "count", [2])) == [0, 1]
    assert answered(Call(1, "count", [3])) is RPCError
    assert answered(Call(1, "leave")) is InternalError


def test_what_has_no_answer() -> None:
    assert dispatcher().answer(Call(None, "add", [1, 2], one_way=True)) is None
    assert dispatcher().answer(Call(None, "sub", one_way=True)) is None
    assert dispatcher().answer(Cancel(1)) is None


def test_a_stream_ends_with_its_call() -> None:
    for n, fault in ((2, None), (3, RPCError)):
        call = Call(7, "count", [n], stream=True)
        *items, last = dispatcher().answer(call)
        assert [(item.id, item.value) for item in items] == [(7, i) for i in range(n)]
        assert all(isinstance(item, Item) for item in items)
        assert last is call and (call.fault and type(call.fault)) == fault
