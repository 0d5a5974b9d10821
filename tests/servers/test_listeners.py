import dataclasses
import os
import socket
from pathlib import Path

import pytest

from fastnet.errors import ConfigError, StartupError
from fastnet.servers.listeners import Address, Listeners, actual_address, open_socket, parse_bind


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", Address("tcp", host="127.0.0.1", port=8000)),
        ("localhost:0", Address("tcp", host="localhost", port=0)),
        (":80", Address("tcp", host="0.0.0.0", port=80)),
        ("[::1]:65535", Address("tcp", host="::1", port=65535)),
        ("[fe80::1%eth0]:1", Address("tcp", host="fe80::1%eth0", port=1)),
        ("tcp://[::1]:80", Address("tcp", host="::1", port=80, scheme="tcp")),
        ("unix:/run/app.sock", Address("unix", path="/run/app.sock")),
        ("unix:relative.sock", Address("unix", path="relative.sock")),
        ("unixgram:/run/app.sock", Address("unixgram", path="/run/app.sock")),
        ("udp://239.1.2.3%lo:9", Address("udp", host="239.1.2.3%lo", port=9, scheme="udp")),
        ("udp://[ff15::1%lo]:9", Address("udp", host="ff15::1%lo", port=9, scheme="udp")),
        ("fd://3", Address("fd", fd=3)),
    ],
)
def test_each_form_of_address(text: str, address: Address) -> None:
    assert parse_bind(text) == address
    again = dataclasses.replace(address, scheme="", kind="tcp" if address.kind == "udp" else address.kind)
    assert parse_bind(str(address)) == again


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80",
        "host",
        "host:",
        "host:x",
        "host:-1",
        "host:123456",
        "host:65536",
        "::1:80",
        "[::1]",
        "[::1:80",
        "a b:80",
        "http://host:80",
        "://host:80",
        "tcp://",
        "tcp://tcp://host:80",
        "[x]:80",
        "unix:",
        "unix:a\0b",
        "unix:/" + "x" * 103,
        "fd://",
        "fd://x",
        "fd://-1",
        "fd://²",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_bind(text)
    assert (caught.value.option, caught.value.value) == ("bind", text)


def test_a_unix_path_may_be_as_long_as_the_system_allows() -> None:
    assert parse_bind("unix:/" + "x" * 102).path == "/" + "x" * 102


def test_a_tcp_socket_listens_does_not_block_and_its_connections_do_not_delay() -> None:
    with open_socket(Address("tcp", host="127.0.0.1"), 16) as listener:
        assert not listener.getblocking()
        with pytest.raises(BlockingIOError):
            listener.accept()
        with socket.create_connection(listener.getsockname()):
            listener.setblocking(True)
            connection, _ = listener.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_ipv6_leaves_ipv4_alone() -> None:
    with open_socket(Address("tcp", host="::"), 1) as six:
        port = six.getsockname()[1]
        with open_socket(Address("tcp", host="0.0.0.0", port=port), 1) as four:
            assert four.getsockname()[1] == port
        with socket.create_connection(("::1", port)):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = Address("tcp", host="127.0.0.1", port=other.getsockname()[1])
        with pytest.raises(StartupError, match=rf"^cannot listen at {address}: the address is already in use.*$"):
            open_socket(address, 1)


def test_a_port_of_a_closed_server_can_be_had_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        name = other.getsockname()
        with socket.create_connection(name) as client:
            connection, _ = other.accept()
            connection.close()  # the server closes first: its end stays in TIME_WAIT
            assert client.recv(1) == b""
    with open_socket(Address("tcp", host=name[0], port=name[1]), 1) as sock:
        assert sock.getsockname() == name


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.1", "no such address"), ("no-such-host.invalid", "does not resolve")]
)
def test_an_address_that_is_not_here_is_one_clear_line(host: str, reason: str) -> None:
    with pytest.raises(StartupError, match=rf"^cannot listen at {host}:0: .*{reason}"):
        open_socket(Address("tcp", host=host), 1)


def test_a_directory_that_may_not_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"^cannot listen at unix:/proc/x.sock: "):
        open_socket(Address("unix", path="/proc/x.sock"), 1)


def test_a_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
        killed.listen()
    assert path.is_socket()
    with open_socket(Address("unix", path=str(path)), 1), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_living_unix_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(path))
        living.listen()
        with pytest.raises(StartupError, match="already in use"):
            open_socket(Address("unix", path=str(path)), 1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_living_unix_socket_with_a_full_backlog_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(path))
        living.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))
            with pytest.raises(StartupError, match="already in use"):
                open_socket(Address("unix", path=str(path)), 1)
    assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("text")
    with pytest.raises(StartupError, match="is no socket"):
        open_socket(Address("unix", path=str(path)), 1)
    assert path.read_text() == "text"


def test_an_inherited_socket_is_taken_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        with open_socket(Address("fd", fd=inherited.fileno()), 1) as sock:
            assert sock.getsockname() == inherited.getsockname()
            assert not sock.getblocking()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert actual_address(sock) == Address("tcp", host="127.0.0.1", port=inherited.getsockname()[1])


def test_a_descriptor_that_cannot_be_listened_at_is_one_clear_line(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w") as file:
        with pytest.raises(StartupError, match=rf"^cannot listen at fd://{file.fileno()}: the descriptor is no socket"):
            open_socket(Address("fd", fd=file.fileno()), 1)
        closed = file.fileno()
    with pytest.raises(StartupError, match="Bad file descriptor"):
        open_socket(Address("fd", fd=closed), 1)
    with socket.socket() as idle:
        with pytest.raises(StartupError, match="not a listening stream socket"):
            open_socket(Address("fd", fd=idle.fileno()), 1)


def test_listeners_know_the_port_that_the_kernel_chose() -> None:
    listeners = Listeners([Address("tcp", host="127.0.0.1"), Address("tcp", host="::1")], 8, reuse_port=False)
    ports = [sock.getsockname()[1] for sock in listeners.sockets]
    assert listeners.urls() == [f"http://127.0.0.1:{ports[0]}", f"http://[::1]:{ports[1]}"]
    assert listeners.for_worker() == listeners.sockets
    listeners.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]))


def test_when_one_address_is_taken_the_others_are_given_back(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("tcp", host="127.0.0.1", port=other.getsockname()[1])
        with pytest.raises(StartupError, match="already in use"):
            Listeners([Address("unix", path=str(path)), taken], 8, reuse_port=False)
    assert not path.exists()


def test_with_reuse_port_the_address_is_held_and_each_worker_opens_its_own() -> None:
    held = Listeners([Address("tcp", host="127.0.0.1")], 8, reuse_port=True)
    (address,) = held.for_worker()
    assert isinstance(address, Address) and address.port > 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port))  # held, but nobody listens yet
    with open_socket(address, 8, reuse_port=True), open_socket(address, 8, reuse_port=True):
        with socket.create_connection((address.host, address.port)):
            pass
    held.close()


def test_with_reuse_port_too_a_port_that_another_server_has_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(StartupError, match="already in use"):
            Listeners([Address("tcp", host="127.0.0.1", port=other.getsockname()[1])], 8, reuse_port=True)


def test_the_process_that_made_a_unix_socket_removes_it_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listeners = Listeners([Address("unix", path=str(path))], 8, reuse_port=False)
    pid = os.fork()
    if pid == 0:
        listeners.close()
        os._exit(0)
    os.waitpid(pid, 0)
    assert path.is_socket()
    listeners.close()
    assert not path.exists()


def test_a_unix_socket_that_somebody_else_put_there_since_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listeners = Listeners([Address("unix", path=str(path))], 8, reuse_port=False)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as successor:
        successor.bind(str(path))
        listeners.close()
        assert path.is_socket()


def test_refuse_removes_the_file_of_a_unix_socket_and_leaves_an_inherited_one_open(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        listeners = Listeners([Address("unix", path=str(path)), Address("fd", fd=inherited.fileno())], 8, False)
        listeners.refuse()
        assert not path.exists()
        with socket.create_connection(inherited.getsockname(), timeout=60):
            pass
        listeners.close()


def test_a_port_of_0_is_one_for_tcp_and_udp() -> None:
    listeners = Listeners([parse_bind("udp://127.0.0.1:0"), parse_bind("tcp://127.0.0.1:0")], 5, reuse_port=False)
    udp, tcp = listeners.sockets
    assert udp.type == socket.SOCK_DGRAM and tcp.type == socket.SOCK_STREAM
    assert udp.getsockname() == tcp.getsockname()
    assert listeners.urls() == [f"udp://127.0.0.1:{udp.getsockname()[1]}", f"tcp://127.0.0.1:{udp.getsockname()[1]}"]
    listeners.close()


def test_a_udp_port_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(StartupError, match="already in use"):
            open_socket(parse_bind(f"udp://127.0.0.1:{other.getsockname()[1]}"), 5)


def test_a_unix_socket_for_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    text = f"unixgram:{path}"
    for _ in range(2):  # the second finds the file that the first left, as if it had been killed
        sock = open_socket(parse_bind(text), 5)
        assert sock.type == socket.SOCK_DGRAM and str(actual_address(sock)) == text
        with pytest.raises(StartupError, match=f"^cannot listen at {text}: the address is already in use"):
            open_socket(parse_bind(text), 5)
        sock.close()
    listeners = Listeners([parse_bind(text)], 5, reuse_port=False)
    assert listeners.urls() == [text] and path.exists()
    listeners.close()
    assert not path.exists()


def test_sockets_of_udp_for_each_worker() -> None:
    listeners = Listeners([parse_bind("udp://127.0.0.1:0"), parse_bind("127.0.0.1:0")], 5, reuse_port=True, workers=3)
    given = [listeners.for_worker(i) for i in range(3)]
    assert len({sock.fileno() for sock, _ in given}) == 3 and len({sock.getsockname() for sock, _ in given}) == 1
    assert {address for _, address in given} == {listeners.addresses[1]}
    listeners.close()
    assert all(sock.fileno() == -1 for sock, _ in given)


def test_groups_are_joined() -> None:
    for text in ("udp://239.83.7.2%lo:0", "udp://[ff15::83:7%lo]:0"):
        listeners = Listeners([parse_bind(text)], 5, reuse_port=False)
        address = listeners.addresses[0]
        assert listeners.urls() == [text.removesuffix("0") + str(address.port)]
        (sock,) = listeners.sockets
        with open_socket(address, 5) as other:  # a group is everybody's
            assert other.getsockname() == sock.getsockname()
        listeners.close()
    with pytest.raises(StartupError, match=r"239.83.7.2%nothing:9: this machine has no such interface"):
        open_socket(parse_bind("udp://239.83.7.2%nothing:9"), 5)
