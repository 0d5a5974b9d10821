"""The public face of RPC has what it promises."""

from fastnet import rpc
from fastnet.errors import FastnetError


def test_everything_is_there() -> None:
    assert sorted(rpc.__all__, key=str.lower) == sorted(set(rpc.__all__), key=str.lower)
    assert all(getattr(rpc, name) for name in rpc.__all__)


def test_faults_are_of_the_one_family() -> None:
    faults = [each for each in vars(rpc).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(faults) == 10 and all(issubclass(each, FastnetError) for each in faults)
