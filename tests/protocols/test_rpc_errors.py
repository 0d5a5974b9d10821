"""Faults: codes, classes by code, and what is left of one after pickling."""

import pickle

import pytest

from fastnet.errors import FastnetError
from fastnet.protocols import rpc_errors
from fastnet.protocols.rpc_errors import RPCError, fault

CODES = {
    -32700: rpc_errors.ParseError,
    -32600: rpc_errors.InvalidRequest,
    -32601: rpc_errors.MethodNotFound,
    -32602: rpc_errors.InvalidParams,
    -32603: rpc_errors.InternalError,
    -32001: rpc_errors.DeadlineExceeded,
    -32002: rpc_errors.CallCancelled,
    -32003: rpc_errors.ResultRefused,
    -32000: RPCError,
    7: RPCError,
}


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_a_fault_has_the_class_of_its_code(code: int, kind: type[RPCError]) -> None:
    error = fault(code, "why", [1])
    assert type(error) is kind and isinstance(error, FastnetError)
    assert (error.code, error.message, error.data) == (code, "why", [1])
    assert "why" in str(error) and str(code) in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.message, again.data) == (kind, code, "why", [1])


def test_what_a_method_raises_has_the_code_of_its_class() -> None:
    class NoSuchAccount(RPCError):
        default_code = -32050
        text = "there is no such account"

    assert (NoSuchAccount().code, NoSuchAccount().message) == (-32050, "there is no such account")
    assert NoSuchAccount("gone", code=5).code == 5
