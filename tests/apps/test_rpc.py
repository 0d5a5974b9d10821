"""A service: what it takes, what it refuses when it is made, what callers are told."""

from typing import Any

import pytest

from fastnet.apps.rpc import Service
from fastnet.apps.service import Service as Served
from fastnet.errors import ConfigError
from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import InternalError, InvalidParams, MethodNotFound, ResultRefused, RPCError


class Account:
    """An object whose methods are served."""

    def __init__(self) -> None:
        self.balance = 0

    def deposit(self, amount: int) -> int:
        if amount < 0:
            raise RPCError("no negative amounts", {"amount": amount}, -32050)
        self.balance += amount
        return self.balance

    def _audit(self) -> None: ...


def test_functions_and_objects_are_served() -> None:
    api = Service()

    @api.method
    def add(a: int, b: int) -> int:
        return a + b

    @api.method(name="maths.double")
    def double(x: float) -> float:
        return 2 * x

    api.add_methods(Account(), "account.")
    assert add(1, 2) == 3, "a decorated function is still itself"
    assert api.call("add", a=1, b=2) == 3
    assert api.call("maths.double", 2) == 4.0
    assert api.call("account.deposit", 5) == 5
    assert "account._audit" not in api.methods and "double" not in api.methods
    with pytest.raises(MethodNotFound):
        api.call("nope")
    with pytest.raises(InvalidParams):
        api.call("add", 1)
    with pytest.raises(TypeError, match="not both"):
        api.call("add", 1, b=2)
    with pytest.raises(RPCError) as caught:
        api.call("account.deposit", -1)
    assert (caught.value.code, caught.value.data) == (-32050, {"amount": -1})


@pytest.mark.parametrize("name", ["$/x", "rpc.x", "", "add", "system.listMethods"])
def test_names_that_are_taken_or_reserved(name: str) -> None:
    api = Service()
    api.method(name="add")(len)
    with pytest.raises(ConfigError, match="name"):
        api.method(name=name)(len)


@pytest.mark.parametrize(
    "option",
    [
        {"timeout_s": 0},
        {"idle_timeout": -1},
        {"concurrency": 0},
        {"max_batch": 0},
        {"max_depth": 501},
        {"max_depth": 0},
        {"max_message_bytes": 0},
        {"max_items": "many"},
    ],
)
def test_options_that_cannot_be(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(option))):
        Service(**option)


def secret() -> ValueError:
    try:
        raise ValueError("a secret")
    except ValueError as error:
        return error


def test_a_traceback_goes_to_the_log_and_not_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    fault = Service("bank").fault_of(secret(), Call(1, "pay"))
    assert type(fault) is InternalError and (fault.message, fault.data) == ("internal error", None)
    assert "bank: pay() raised" in caplog.text and "a secret" in caplog.text and "Traceback" in caplog.text


def test_a_traceback_goes_to_the_caller_when_asked() -> None:
    fault = Service(debug=True).fault_of(secret(), Call(1, "pay"))
    assert fault.message == "ValueError: a secret" and "test_rpc.py" in fault.data["traceback"]


def test_what_a_method_raises_for_its_caller_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    error = RPCError("no")
    assert Service().fault_of(error, Call(1, "pay")) is error and not caplog.text


def test_the_nearest_deadline_holds() -> None:
    api = Service(timeout_s=9)

    @api.method
    async def general() -> None: ...

    @api.method(timeout_s=5)
    async def quick() -> None: ...

    assert api.deadline(Call(1, "general")) == 9
    assert api.deadline(Call(1, "quick")) == 5
    assert api.deadline(Call(1, "quick", timeout_s=2)) == 2
    assert api.deadline(Call(1, "quick", timeout_s=7)) == 5
    assert Service().deadline(Call(1, "none")) is None


@pytest.mark.parametrize(("n", "fits"), [(2, True), (3, True), (4, False)])
def test_a_generator_without_a_stream_has_a_limit(n: int, fits: bool) -> None:
    api = Service(max_items=3)
    if fits:
        assert api.gather(iter(range(n))) == list(range(n))
    else:
        with pytest.raises(ResultRefused, match="ask for a stream"):
            api.gather(iter(range(n)))


def test_what_can_be_served() -> None:
    api = Service("bank")
    for each in (api.msgpack, api.json, api.json_prefixed):
        assert isinstance(each, Served) and each.name == "bank" and not each.is_async
    assert api.msgpack is api.msgpack
    assert api.http == api.wsgi

    @api.method
    async def wait() -> None: ...

    assert api.is_async and api.http == api.asgi
    with pytest.raises(ConfigError, match="asgi"):
        _ = api.wsgi
