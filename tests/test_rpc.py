"""The public face of RPC has what it promises."""

import subprocess
import sys

import pytest

from fastnet import rpc
from fastnet.errors import FastnetError


def test_everything_is_there() -> None:
    assert sorted(rpc.__all__, key=str.lower) == sorted(set(rpc.__all__), key=str.lower)
    assert all(getattr(rpc, name) for name in rpc.__all__)


def test_faults_are_of_the_one_family() -> None:
    faults = [each for each in vars(rpc).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(faults) == 10 and all(issubclass(each, FastnetError) for each in faults)


def test_a_service_imports_no_client() -> None:
    text = "import sys, fastnet.rpc; fastnet.rpc.Service().msgpack; sys.exit(str({0}) if {0} else 0)".replace(
        "{0}", "{'asyncio', 'ssl'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="nothing"):
        rpc.nothing  # noqa: B018
