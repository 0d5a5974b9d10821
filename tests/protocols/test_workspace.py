"""Settings and workspaces: what they take, and that connections of one workspace do not mix."""

import pytest

from fastnet.protocols import ServerConnection, Settings
from fastnet.protocols.http1 import Connection
from fastnet.protocols.workspace import Workspace
from tests.protocols.exchange import GET, output, pull


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
