"""URLs as addresses and protocols."""

from typing import Any

import pytest

from fastnet.clients.rpc_target import target_of
from fastnet.errors import ConfigError
from fastnet.protocols.rpc_http import HTTPCaller
from fastnet.protocols.rpc_json import JSONRPC
from fastnet.protocols.rpc_msgpack import MessagePackRPC

GOOD: list[tuple[str, str, tuple[str, int, str, bool], type]] = [
    ("tcp://h:1", "msgpack", ("h", 1, "", False), MessagePackRPC),
    ("tls://h:1", "json", ("h", 1, "", True), JSONRPC),
    ("unix:/run/a%20b", "json-prefixed", ("", 0, "/run/a b", False), JSONRPC),
    ("http://h", "xml", ("h", 80, "", False), HTTPCaller),
    ("https://h:8443/p?q", "json", ("h", 8443, "", True), HTTPCaller),
    ("tcp://[::1]:5", "msgpack", ("::1", 5, "", False), MessagePackRPC),
]


@pytest.mark.parametrize(("url", "protocol", "expected", "kind"), GOOD)
def test_urls(url: str, protocol: str, expected: Any, kind: type) -> None:
    target = target_of(url, protocol)
    assert (target.host, target.port, target.path, target.tls is not None) == expected
    assert type(target.make()) is kind and str(target) == url
    assert target.make() is not target.make()


def test_tls_is_verified() -> None:
    context = target_of("tls://h:1").tls
    assert context is not None and context.check_hostname and context.verify_mode.name == "CERT_REQUIRED"


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("tcp://h", "msgpack"),
        ("tcp://:1", "msgpack"),
        ("tcp://h:99999", "msgpack"),
        ("udp://h:1", "msgpack"),
        ("h:1", "msgpack"),
        ("unix:", "msgpack"),
        ("http://h", "msgpack"),
        ("http:///x", "json"),
        ("http://h/a b", "json"),
        ("tcp://h:1", "xml"),
        ("tcp://h:1", "yaml"),
    ],
)
def test_what_cannot_be(url: str, protocol: str) -> None:
    with pytest.raises(ConfigError):
        target_of(url, protocol)
