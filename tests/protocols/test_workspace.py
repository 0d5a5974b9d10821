"""Settings and workspaces: what they take, and that connections of one workspace do not mix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.protocols import ServerConnection, Settings
from fastnet.protocols.http1 import Connection
from fastnet.protocols.workspace import Workspace
from tests.protocols.exchange import GET, cuts, output, post, pull, serve
from tests.refusals import REFUSALS, chunked


def test_defaults_are_limits() -> None:
    settings = Settings()
    assert settings.max_body == 0
    assert settings.max_extensions == 4096
    assert settings.max_output == 262144
    assert settings.max_pipelined == 64
    timeouts = ("first_byte", "head", "keepalive", "body", "write")
    assert all(getattr(settings, f"{name}_timeout") > 0 for name in timeouts)
    assert settings.min_rate > 0


@pytest.mark.parametrize("options", [{"max_headers": -1}, {"max_body": 1 << 63}, {"head_timeout": "x"}, {"nope": 1}])
def test_what_no_setting_can_be(options: dict[str, object]) -> None:
    with pytest.raises((OverflowError, TypeError)):
        Settings(**options)  # type: ignore[arg-type]


def test_a_workspace_needs_settings_and_a_connection_a_workspace() -> None:
    assert Workspace(Settings()).settings.max_pipelined == 64
    for wrong in (Workspace, Connection):
        with pytest.raises(TypeError):
            wrong(None)  # type: ignore[arg-type]


def test_the_server_field() -> None:
    conn = ServerConnection(server=b"me")
    conn.receive_data(GET * 2)
    pull(conn)
    conn.send_response(204)
    assert output(conn) == b"HTTP/1.1 204 No Content\r\nserver: me\r\n\r\n"
    pull(conn)
    conn.send_response(204, [("Server", "app")])
    assert output(conn) == b"HTTP/1.1 204 No Content\r\nServer: app\r\n\r\n"


def field(size: int) -> bytes:
    """A GET of that many bytes."""
    return b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * (size - 32))


# What comes after one of them, in whichever order, must be taken as if it had come first: 1,024 bytes are remembered.
REPEATED = [
    *(GET, GET.replace(b"Host: a", b"Host: b"), GET[:-2] + b"A: b\r\n\r\n", GET.replace(b"1.1", b"1.0"), b"\r\n" + GET),
    *(post(b"body"), post(b"yobd"), post(GET), chunked(b"4\r\nbody\r\n0\r\n\r\n")),
    *(chunked(b"0\r\nA: b\r\nC: d\r\n\r\n"), GET.replace(b"GET", b"HEAD"), field(1023), field(1024), field(1025)),
]


@given(st.data(), st.lists(st.sampled_from(REPEATED), min_size=1, max_size=12), st.sampled_from([*REFUSALS.values()]))
def test_a_request_is_taken_the_same_whichever_came_before(
    data: st.DataObject, requests: list[bytes], refusal: tuple[bytes, int]
) -> None:
    requests = [request for request in requests if b"1.0" not in request] + [refusal[0]]
    apart = [serve([request], eof=False) for request in requests]
    together, sent, _ = serve(data.draw(cuts(b"".join(requests))), eof=False)
    assert together == [event for events, _, _ in apart for event in events]
    assert sent == b"".join(answer for _, answer, _ in apart)


def test_a_request_that_is_repeated_is_whole_again() -> None:
    for request in REPEATED:
        events, sent, _ = serve([request], eof=False)
        for pieces in ([request * 3], [request] * 3, [request, request[:-1], request[-1:], request]):
            if b"1.0" not in request:
                assert serve(pieces, eof=False)[:2] == (events * 3, sent * 3)
