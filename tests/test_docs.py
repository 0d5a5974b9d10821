"""The examples in the pages of docs/ that have no test file of their own."""

import doctest
import re
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


@pytest.mark.parametrize("name", ["features.md", "security.md"])
def test_the_tests_that_a_page_names_are_there(name: str) -> None:
    named = set(re.findall(r"tests(?:/\w+)+(?:\.py)?", (DOCS / name).read_text()))
    assert len(named) > 5
    assert not [path for path in named if not (DOCS.parent / path).exists()]
