"""Values of a Spec: which are possible, what is said about the others, and what requests they make."""

import resource
import socket
from typing import Any

import pytest

from fastnet.bench.spec import MAX_CONNECTIONS, MAX_PIPELINE, MAX_RANDOM_BYTES, Spec, parse_url, raise_descriptor_limit
from fastnet.errors import ConfigError

URL = "http://localhost:8000/"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a", ("http", "a", 80, "/", "a")),
        ("https://a.b/c?d=e#f", ("https", "a.b", 443, "/c?d=e", "a.b")),
        ("http://[::1]:81/x", ("http", "::1", 81, "/x", "[::1]:81")),
        ("tcp://10.0.0.1:7", ("tcp", "10.0.0.1", 7, "/", "10.0.0.1:7")),
    ],
)
def test_urls(url: str, parts: tuple[Any, ...]) -> None:
    found = parse_url(url)
    assert (found.scheme, found.host, found.port, found.target, found.authority) == parts


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://a", "http://", "http://a b/", "http://a/b c", "http://a:0", "http://a:65536",
     "http://user@a/", "tcp://a", "http:///x"],
)  # fmt: skip
def test_urls_that_cannot_be_measured(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^url: "):
        Spec(urls=(url,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connections", 0), ("connections", MAX_CONNECTIONS + 1), ("threads", 0), ("threads", 65), ("pipeline", 0),
        ("pipeline", MAX_PIPELINE + 1), ("duration_s", 0), ("duration_s", -1), ("requests", -1), ("rate", -1),
        ("rate", float("nan")), ("warmup_s", -1), ("timeout_s", 0), ("method", "G T"), ("method", ""), ("seed", -1),
        ("headers", (("a b", "c"),)), ("headers", (("a", "b\r\nc: d"),)), ("weights", (1, 2)), ("weights", (0,)),
        ("arrivals", "sometimes"), ("random_bytes", MAX_RANDOM_BYTES + 1), ("expect_status", 100),
        ("expect_length", -1),
        ("idle", -1), ("never_read", MAX_CONNECTIONS + 1), ("slow_interval_s", 0),
        ("cores", (100_000,)), ("urls", ()), ("urls", (URL, "http://localhost:8001/")),
        ("urls", ("udp://localhost:1",)), ("urls", ("tcp://localhost:1/path",)),
    ],
)  # fmt: skip
def test_impossible_values(name: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Spec(**{"urls": (URL,), name: value})
    assert caught.value.option in (name, "url", "header", "body") and caught.value.expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("connections", MAX_CONNECTIONS), ("pipeline", MAX_PIPELINE), ("duration_s", 0.01), ("rate", 1e8), ("threads", 64),
     ("random_bytes", MAX_RANDOM_BYTES), ("expect_status", 200), ("expect_status", 599), ("timeout_s", 0.001)],
)  # fmt: skip
def test_values_at_their_limits(name: str, value: Any) -> None:
    assert getattr(Spec(**{"urls": (URL,), name: value}), name) == value


def test_values_that_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match=r"^pipeline: 2 given, expected 1"):
        Spec(urls=(URL,), pipeline=2, connect_per_request=True)
    with pytest.raises(ConfigError, match=r"^requests: 3 given, expected at least one for each of 4"):
        Spec(urls=(URL,), requests=3, threads=4)
    with pytest.raises(ConfigError, match=r"^body: "):
        Spec(urls=("tcp://localhost:1",))
    with pytest.raises(ConfigError, match=r"^idle: 1 given, expected 0 with tls"):
        Spec(urls=("tls://localhost:1",), random_bytes=1, idle=1)
    with pytest.raises(ConfigError, match=r"^random_bytes: 65001"):
        Spec(urls=("udp://localhost:1",), random_bytes=65001)
    assert Spec(urls=(URL,), requests=5, duration_s=0).duration_s == 0


def test_heads() -> None:
    head = Spec(urls=(URL + "a?b",), headers=(("Accept", "é"),)).request_heads()[0]
    assert head == b"GET /a?b HTTP/1.1\r\nHost: localhost:8000\r\nAccept: \xe9\r\n\r\n"
    assert b"\r\nContent-Length: 0\r\n" in Spec(urls=(URL,), method="POST").request_heads()[0]
    chunked = Spec(urls=(URL,), method="POST", headers=(("Transfer-Encoding", "chunked"),), body=b"0\r\n\r\n")
    assert b"Content-Length" not in chunked.request_heads()[0]


def test_the_plan_shares_the_numbers_by_weight() -> None:
    spec = Spec(urls=(URL, URL + "b"), weights=(3, 1))
    plan = spec.plan(socket.AF_INET, ("127.0.0.1", 8000))
    assert [template[3] for template in plan["templates"]] == [3 * 2**62, 2**64 - 1]
    assert (spec.mode, Spec(urls=(URL,), rate=5).mode) == ("closed", "open")
    assert plan["pool"] == spec.plan(socket.AF_INET, ("127.0.0.1", 8000))["pool"]


def test_the_limit_of_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        raise_descriptor_limit(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 364
        if hard != resource.RLIM_INFINITY:
            raise_descriptor_limit(hard - 64)
            with pytest.raises(ConfigError, match=rf"^connections: {hard - 63} given, expected {hard - 64} at most"):
                raise_descriptor_limit(hard - 63)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
