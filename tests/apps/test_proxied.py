"""Who asks, as proxies tell it: what is believed, and what anybody could have made up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.apps.proxied import MAX_HOPS, TrustedProxies, proxied
from fastnet.errors import ConfigError

PROXY = ("10.0.0.1", 5000)


@pytest.mark.parametrize(
    "text, host, trusted",
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.0.0.0/8, ::1", "10.255.0.1", True),
        ("10.0.0.0/8, ::1", "11.0.0.0", False),
        ("10.0.0.0/8, ::1", "::1", True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "not an address", False),
        ("10.0.0.0/8", None, False),
        ("unix", None, True),
        ("unix", "127.0.0.1", False),
        ("*", "192.0.2.1", True),
        ("*", None, True),
    ],
)
def test_who_is_trusted(text: str, host: str | None, trusted: bool) -> None:
    assert TrustedProxies(text).trust(host) is trusted


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1,", "10.0.0.1 ::1"])
def test_a_wrong_list_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="networks such as"):
        TrustedProxies(text)


@pytest.mark.parametrize(
    "x_for, client",
    [
        ("192.0.2.7", ("192.0.2.7", 0)),
        ("192.0.2.7:4711", ("192.0.2.7", 4711)),
        ("2001:db8::7", ("2001:db8::7", 0)),
        ("[2001:db8::7]", ("2001:db8::7", 0)),
        ("[2001:db8::7]:80", ("2001:db8::7", 80)),
        # what stands to the left of the first one that is not trusted, the client may have sent himself
        ("203.0.113.66, 192.0.2.7", ("192.0.2.7", 0)),
        ("203.0.113.66, 192.0.2.7, 10.0.0.2", ("192.0.2.7", 0)),
        ("192.0.2.7, 10.0.0.3 ,10.0.0.2", ("192.0.2.7", 0)),
        ("10.0.0.9, 10.0.0.2", ("10.0.0.9", 0)),  # all are trusted: the farthest
        # no address: the proxy that wrote it is as far as we know
        ("unknown", PROXY),
        ("192.0.2.7, unknown, 10.0.0.2", ("10.0.0.2", 0)),
        ("", PROXY),
        ("192.0.2.7,", PROXY),
        ("192.0.2.256", PROXY),
        ("192.0.2.7:99999", PROXY),
        ("192.0.2.7:", PROXY),
        ("[::1", PROXY),
        ("[::1]x", PROXY),
        ("fe80::1%eth0", PROXY),
    ],
)
def test_the_list_is_walked_from_the_right(x_for: str, client: tuple[str, int]) -> None:
    assert TrustedProxies("10.0.0.0/8").client(PROXY, "", x_for, "") == (client, "")


def test_a_stranger_is_not_believed() -> None:
    peer = ("192.0.2.9", 1)
    trusted = TrustedProxies("10.0.0.0/8")
    assert trusted.client(peer, "for=203.0.113.1;proto=https", "203.0.113.1", "https") == (peer, "")
    assert trusted.client(None, "", "203.0.113.1", "https") == (None, "")
    assert TrustedProxies("unix").client(None, "", "203.0.113.1", "https") == (("203.0.113.1", 0), "https")


@pytest.mark.parametrize(
    "x_for, x_proto, scheme",
    [
        ("192.0.2.7", "https", "https"),
        ("192.0.2.7", "HTTP", "http"),
        ("192.0.2.7", "gopher", ""),
        ("", "https", "https"),
        ("203.0.113.1, 192.0.2.7", "https, http", "http"),  # the client's own claim is not looked at
        ("192.0.2.7, 10.0.0.2", "https, http", "https"),
        ("203.0.113.1, 192.0.2.7, 10.0.0.2", "https", "https"),
        ("192.0.2.7", "http, https", "https"),
    ],
)
def test_the_scheme_is_that_of_the_clients_hop(x_for: str, x_proto: str, scheme: str) -> None:
    assert TrustedProxies("10.0.0.0/8").client(PROXY, "", x_for, x_proto)[1] == scheme


@pytest.mark.parametrize(
    "forwarded, client, scheme",
    [
        ("for=192.0.2.7", ("192.0.2.7", 0), ""),
        ("For=192.0.2.7;Proto=HTTPS;by=10.0.0.1;host=a.example", ("192.0.2.7", 0), "https"),
        ('for="[2001:db8::7]:4711"', ("2001:db8::7", 4711), ""),
        ('for="192.0.2.7:80"', ("192.0.2.7", 80), ""),
        ('for="\\192.0.2.7"', ("192.0.2.7", 0), ""),
        ("for=203.0.113.1;proto=https, for=192.0.2.7;proto=http, for=10.0.0.2;proto=http", ("192.0.2.7", 0), "http"),
        ("for=unknown;proto=https", PROXY, "https"),
        ("for=_hidden", PROXY, ""),
        ("proto=https", PROXY, "https"),
        # malformed: nothing of it counts
        ("for=192.0.2.7;for=203.0.113.1", PROXY, ""),
        ("for", PROXY, ""),
        ('for="192.0.2.7', PROXY, ""),
        ("for=192.0.2.7;", PROXY, ""),
        ("for=203.0.113.1, =", PROXY, ""),
        ("for=192.0.2.7 proto=https", PROXY, ""),
    ],
)
def test_forwarded_comes_first(forwarded: str, client: tuple[str, int], scheme: str) -> None:
    assert TrustedProxies("10.0.0.0/8").client(PROXY, forwarded, "198.51.100.1", "http") == (client, scheme)


@pytest.mark.parametrize("more, client", [(0, "192.0.2.7"), (1, "10.0.0.2")])
def test_a_walk_ends(more: int, client: str) -> None:
    x_for = ", ".join(["192.0.2.7", *["10.0.0.2"] * (MAX_HOPS - 1 + more)])
    assert TrustedProxies("10.0.0.0/8").client(PROXY, "", x_for, "")[0] == (client, 0)


@given(st.text(alphabet='for=proto;, "\\10.2:[]x', max_size=60), st.text(max_size=40), st.text(max_size=20))
def test_whatever_is_sent_there_is_an_answer(forwarded: str, x_for: str, x_proto: str) -> None:
    client, scheme = TrustedProxies("10.0.0.0/8").client(PROXY, forwarded, x_for, x_proto)
    assert client is not None and scheme in ("", "http", "https")


def test_a_wsgi_application_sees_the_client() -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return [b"done"]

    environ = {
        "REMOTE_ADDR": "10.0.0.1",
        "REMOTE_PORT": "5000",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": "192.0.2.7:99",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    assert proxied(app, "wsgi", TrustedProxies("10.0.0.1"))(environ, None) == [b"done"]
    assert (seen["REMOTE_ADDR"], seen["REMOTE_PORT"], seen["wsgi.url_scheme"]) == ("192.0.2.7", "99", "https")
    assert seen["HTTP_X_FORWARDED_FOR"] == "192.0.2.7:99"


@pytest.mark.parametrize("kind, scheme", [("http", "https"), ("websocket", "wss")])
def test_an_asgi_application_sees_the_client(kind: str, scheme: str) -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    headers = [
        (b"x-forwarded-for", b"203.0.113.1"),
        (b"x-forwarded-for", b"192.0.2.7"),
        (b"x-forwarded-proto", b"https"),
    ]
    scope = {"type": kind, "headers": headers, "client": list(PROXY), "scheme": "http"}
    asyncio.run(proxied(app, "asgi", TrustedProxies("10.0.0.1"))(scope, None, None))
    assert (seen["client"], seen["scheme"]) == (("192.0.2.7", 0), scheme)


def test_the_lifespan_passes_unchanged() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    asyncio.run(proxied(app, "asgi", TrustedProxies("*"))({"type": "lifespan"}, None, None))
    assert seen == [{"type": "lifespan"}]
