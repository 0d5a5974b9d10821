"""The examples in the pages of docs/ that have no test file of their own."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    "name",
    [
        "dns.md",
        "http1.md",
        "http2.md",
        "httptools.md",
        "json.md",
        "memcached.md",
        "protocols.md",
        "rpc.md",
        "tls.md",
        "udp.md",
        "websocket.md",
    ],
)
def test_the_examples_of_a_page(name: str) -> None:
    outcome = doctest.testfile(str(DOCS / name), module_relative=False)
    assert outcome.attempted and not outcome.failed
