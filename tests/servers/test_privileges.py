"""Workers that are somebody else; these tests run as root where they can, as CI's do."""

import grp
import os
import pwd
import signal
import socket
import stat
from pathlib import Path

import psutil
import pytest

from fastnet.errors import ConfigError, StartupError
from fastnet.servers.privileges import become, group_id, umask, umask_of, user_id
from tests.servers.serving import Server, get, run_to_end, until

APP = """
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [repr((list(os.getresgid()), os.getgroups())).encode()]
"""
NOBODY = pwd.getpwnam("nobody")
IS_ROOT = os.geteuid() == 0


def test_names_and_numbers() -> None:
    assert user_id("nobody") == user_id(str(NOBODY.pw_uid)) == NOBODY
    assert group_id("root") == group_id("0") == 0
    assert [umask_of(text) for text in ("0", "027", "0777")] == [0, 0o27, 0o777]


@pytest.mark.parametrize(
    "function, value", [(user_id, "nobody-here"), (user_id, "4294967290"), (group_id, "no-group"), (group_id, "9" * 30)]
)
def test_who_is_not_there_is_refused(function: object, value: str) -> None:
    with pytest.raises(ConfigError, match="of this machine, by name or number"):
        function(value)  # type: ignore[operator]


@pytest.mark.parametrize("text", ["8", "-1", "1000", "0o22", "rwx", "00777"])
def test_a_wrong_mask_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="octal digits"):
        umask_of(text)


def test_a_mask_is_put_back() -> None:
    before = os.umask(0o22)
    try:
        with umask("077"):
            assert os.umask(0o77) == 0o77
        assert os.umask(0o22) == 0o22
        with umask(""):
            assert os.umask(0o22) == 0o22
    finally:
        os.umask(before)


def test_nothing_asked_nothing_done() -> None:
    assert not become("", "")
    assert not become(str(os.geteuid()), str(os.getegid()))


def test_rights_are_given_up_for_good() -> None:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become("nobody", "")
            said = repr((os.getresuid(), os.getresgid(), os.getgroups()))
            os.setuid(0)
        except PermissionError:
            os.write(write_end, said.encode())
        except StartupError as error:
            os.write(write_end, str(error).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    os.waitpid(pid, 0)
    with open(read_end) as file:
        said = file.read()
    uid, gid = NOBODY.pw_uid, NOBODY.pw_gid
    if IS_ROOT:
        assert said == repr(((uid, uid, uid), (gid, gid, gid), [gid]))
    else:
        assert said == "--user and --group need a server that is started as root"


def test_a_worker_has_the_group_and_goes_with_its_supervisor_all_the_same(tmp_path: Path) -> None:
    """With its group only, since the interpreter may lie where no other user may read."""
    (tmp_path / "site_app.py").write_text(APP)
    group = grp.getgrgid(NOBODY.pw_gid)
    options = ["--workers", "1", "--group", group.gr_name]
    if not IS_ROOT:
        run = run_to_end("serve", "site_app:app", "--bind", "127.0.0.1:0", *options, cwd=tmp_path)
        assert run.stderr == "fastnet: --user and --group need a server that is started as root\n"
        return
    with Server("site_app:app", *options, cwd=tmp_path) as server:
        assert server.get() == repr(([group.gr_gid] * 3, [group.gr_gid])).encode()
        # The kernel forgets to kill it with its parent when the group changes, unless it is told again.
        (worker,) = server.workers()
        os.kill(server.process.pid, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == "zombie", "the worker's end")


def test_a_socket_file_has_the_mask(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    with Server("site_app:app", "--workers", "1", "--umask", "117", cwd=tmp_path, bind="unix:s.sock"):
        assert stat.S_IMODE((tmp_path / "s.sock").stat().st_mode) == 0o660
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s.sock"))
            assert get(client)
