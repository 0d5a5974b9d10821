"""Where a server listens: the text of a --bind, and the socket made from it.

Sockets are opened once, by the supervisor, before it forks, so that the workers inherit them and a restart of a worker
loses no connection. With SO_REUSEPORT the supervisor only reserves the address; each worker binds its own socket. A UDP
socket receives as soon as it is bound, so those the supervisor opens itself, one a worker: what has come to a worker
that died waits for the next one, and a client stays with the same worker.

TCP_NODELAY is set on the listening socket, from which accepted connections inherit it: an answer is one write, so there
is nothing for Nagle's algorithm to gather.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import socket
import stat
from dataclasses import dataclass
from typing import Any

from fastnet.errors import ConfigError, StartupError
from fastnet.servers.barrier import refuse
from fastnet.servers.udp_options import UdpOptions, is_group, join

_EXPECTED = "HOST:PORT, [IPV6]:PORT, a tcp://, tls:// or udp:// before it, unix:PATH, unixgram:PATH or fd://N"
# What may stand before HOST:PORT.
_SCHEMES = ("tcp", "tls", "udp")
_TCP = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^\s:\[\]/]*)):(?P<port>\d{1,5})")
# sun_path without its NUL: 108 bytes on Linux, 104 elsewhere.
_MAX_UNIX_PATH_BYTES = 103
_UDP_BUFFER_BYTES = 4 << 20
_PORT_ATTEMPTS = 20
NO_OPTIONS = UdpOptions()


@dataclass(frozen=True)
class Address:
    """A place to listen at. `kind` is "tcp", "udp", "unix", "unixgram" or "fd"; it says which other fields count.

    `scheme` is what was written before it, if anything: "tls" means that connections are encrypted.
    """

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    fd: int = -1
    scheme: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{self.kind}:{self.path}"
        if self.kind == "fd":
            return f"fd://{self.fd}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_bind(text: str) -> Address:
    """The address that a --bind names. Raises ConfigError."""
    if text.startswith(("unix:", "unixgram:")):
        kind, _, path = text.partition(":")
        if not path or "\0" in path:
            raise ConfigError("bind", text, _EXPECTED)
        if len(os.fsencode(path)) > _MAX_UNIX_PATH_BYTES:
            raise ConfigError("bind", text, f"a path of at most {_MAX_UNIX_PATH_BYTES} bytes")
        return Address(kind, path=path)
    if text.startswith("fd://"):
        number = text[len("fd://") :]
        if not (number.isascii() and number.isdigit() and len(number) < 8):
            raise ConfigError("bind", text, _EXPECTED)
        return Address("fd", fd=int(number))
    scheme, separator, place = text.rpartition("://")
    match = _TCP.fullmatch(place)
    if match is None or (separator and scheme not in _SCHEMES):
        raise ConfigError("bind", text, _EXPECTED)
    port = int(match["port"])
    if port > 65535:
        raise ConfigError("bind", text, "a port from 0 (any free one) to 65535")
    # No host: every IPv4 address of the machine.
    kind = "udp" if scheme == "udp" else "tcp"
    return Address(kind, host=match["v6"] or match["host"] or "0.0.0.0", port=port, scheme=scheme)


def open_socket(
    address: Address, backlog: int, *, reuse_port: bool = False, listen: bool = True, udp: UdpOptions = NO_OPTIONS
) -> socket.socket:
    """A non-blocking socket that listens at `address`; with listen=False it only holds the address.

    Raises StartupError, whose text names the address and the reason.
    """
    if address.kind == "unix":
        sock = _open_unix(address)
    elif address.kind == "unixgram":
        return _open_unix(address)
    elif address.kind == "fd":
        return _adopt(address)
    elif address.kind == "udp":
        return _open_udp(address, reuse_port, udp)
    else:
        sock = _open_tcp(address, reuse_port)
    if listen:
        sock.listen(backlog)
    return sock


def actual_address(sock: socket.socket) -> Address:
    """Where a socket really is: with the port that the kernel chose when 0 was asked for, or that fd://N stands for."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return Address("unixgram" if sock.type == socket.SOCK_DGRAM else "unix", path=os.fsdecode(name))
    return Address("udp" if sock.type == socket.SOCK_DGRAM else "tcp", host=name[0], port=name[1])


def server_name(sock: socket.socket) -> tuple[str, int | None]:
    """What an application is told of the server that it runs on: (host, port), or (path, None) of a Unix socket."""
    name = sock.getsockname()
    return (os.fsdecode(name), None) if sock.family == socket.AF_UNIX else (name[0], name[1])


def listener_name(sock: socket.socket) -> tuple[str, int | None] | None:
    """server_name() of all connections of a listener, or None if it listens at every address, and each has its own."""
    name = server_name(sock)
    return None if name[0] in ("0.0.0.0", "::") else name


class Listeners:
    """All the places a server listens at, opened together. Raises StartupError, with none left open.

    With `reuse_port` the addresses are only held, so that a taken port is noticed and port 0 becomes one port for all
    workers; each worker then opens its own sockets at `addresses`, or, for UDP, has one of those opened here.
    """

    def __init__(
        self,
        addresses: list[Address],
        backlog: int,
        reuse_port: bool,
        workers: int = 1,
        udp: UdpOptions = NO_OPTIONS,
    ) -> None:
        self._asked = addresses
        self._workers, self._udp_options = workers, udp
        self._udp: dict[int, list[socket.socket]] = {}
        self._reuse_port = reuse_port
        self._owner = os.getpid()
        self._files: list[tuple[str, tuple[int, int]]] = []
        self.sockets: list[socket.socket] = []
        self.addresses: list[Address] = []
        for left in reversed(range(_PORT_ATTEMPTS)):
            self._shares_port = False
            try:
                self._open_all(backlog)
                return
            except BaseException as error:
                self.close()
                self.addresses.clear()
                # The number that is free for one of TCP and UDP may be taken for the other.
                if not (isinstance(error, StartupError) and self._shares_port and left):
                    raise

    def _open_all(self, backlog: int) -> None:
        for address in map(self._with_port, self._asked):
            options = self._udp_options
            sock = open_socket(address, backlog, reuse_port=self._reuse_port, listen=not self._reuse_port, udp=options)
            self.sockets.append(sock)
            given = dataclasses.replace(actual_address(sock), scheme=address.scheme)
            # The interface of a group is not in its name.
            self.addresses.append(dataclasses.replace(given, host=address.host) if "%" in address.host else given)
            if self._reuse_port and address.kind == "udp":
                each = self._udp[len(self.addresses) - 1] = [sock]
                while len(each) < self._workers:
                    each.append(open_socket(self.addresses[-1], backlog, reuse_port=True, udp=options))
            if address.path:
                path = os.path.abspath(address.path)
                self._files.append((path, _identity(path)))

    def _with_port(self, address: Address) -> Address:
        """A port of 0 at a host is one number for TCP and UDP, as protocols that use both expect."""
        for asked, given in zip(self._asked, self.addresses, strict=False):
            both = {address.kind, asked.kind} == {"tcp", "udp"}
            if both and address.port == asked.port == 0 and address.host == asked.host:
                self._shares_port = True
                return dataclasses.replace(address, port=given.port)
        return address

    def for_worker(self, index: int = 0) -> list[socket.socket | Address]:
        """What a worker serves: sockets that it inherits, or addresses to open by itself."""
        if not self._reuse_port:
            return list(self.sockets)
        return [self._udp[i][index] if i in self._udp else address for i, address in enumerate(self.addresses)]

    def urls(self, scheme: str = "http") -> list[str]:
        """How to reach them, for a person: http://127.0.0.1:8000, tls://[::1]:8000 or unix:/run/app.sock.

        `scheme` stands where a --bind had none.
        """
        return [
            str(address) if address.path else f"{address.scheme or scheme}://{address}" for address in self.addresses
        ]

    def refuse(self) -> None:
        """Let nobody in any more, for good, in all processes that share the sockets. Who is in the backlog stays there.

        Blocks for a moment; see barrier.refuse().
        """
        self._remove_files()
        # An inherited socket may go on in another server, and one that is only held lets nobody in.
        kinds = zip(self._asked, self.sockets, strict=True)
        refuse([sock for address, sock in kinds if address.kind in ("tcp", "unix") and not self._reuse_port])

    def close(self) -> None:
        """Close this process's copies, and remove the socket files if it is the one that made them."""
        for sock in self.sockets:
            sock.close()
        for each in self._udp.values():
            for sock in each[1:]:  # the first is among those above
                sock.close()
        self.sockets.clear()
        self._udp.clear()
        self._remove_files()

    def _remove_files(self) -> None:
        if os.getpid() == self._owner:
            for path, identity in self._files:
                _remove_unix_socket(path, identity)
        self._files.clear()


def _remove_unix_socket(path: str, identity: tuple[int, int]) -> None:
    try:
        if _identity(path) == identity:  # else somebody has put another one in its place since
            os.unlink(path)
    except OSError:
        pass  # gone already, or no longer ours to remove


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _resolve(address: Address, kind: socket.SocketKind) -> tuple[socket.socket, socket.AddressFamily, Any]:
    """A new socket for an address, its family, and the name to bind it to."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=kind, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except OSError as error:
        raise StartupError(f"cannot listen at {address}: the host name does not resolve ({error.strerror})") from None
    family, kind, proto, _, name = found[0]
    try:
        return socket.socket(family, kind, proto), family, name
    except OSError as error:
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None


def _open_udp(address: Address, reuse_port: bool, options: UdpOptions) -> socket.socket:
    group = is_group(address.host)
    bare = dataclasses.replace(address, host=address.host.partition("%")[0]) if group else address
    sock, family, name = _resolve(bare, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        # As much as the system grants: what does not fit while the workers are busy is lost.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER_BYTES)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        options.apply(sock, address.host)
        if group:
            # Everybody who is bound to a group hears it, so others may be, too.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            join(sock, address.host)
        sock.bind(name)
    except OSError as error:
        sock.close()
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None
    return sock


def _open_tcp(address: Address, reuse_port: bool) -> socket.socket:
    sock, family, name = _resolve(address, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # "[::]:80" beside "0.0.0.0:80" is then no conflict, and an IPv4 client never shows as ::ffff:192.0.2.1.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _set_for_connections(sock)
        sock.bind(name)
    except OSError as error:
        sock.close()
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None
    return sock


def _open_unix(address: Address) -> socket.socket:
    _remove_stale(address)
    kind = socket.SOCK_DGRAM if address.kind == "unixgram" else socket.SOCK_STREAM
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        sock.setblocking(False)
        sock.bind(address.path)
    except OSError as error:
        sock.close()
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None
    return sock


def _remove_stale(address: Address) -> None:
    """Remove a socket file that a killed server left behind; refuse to touch anything else."""
    path = address.path
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return  # nothing there, or bind() will say why not
    if not stat.S_ISSOCK(mode):
        raise StartupError(f"cannot listen at {address}: the file exists and is no socket")
    kind = socket.SOCK_DGRAM if address.kind == "unixgram" else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            pass  # nobody listens: stale
        except BlockingIOError:
            raise StartupError(f"cannot listen at {address}: {_reason_text(errno.EADDRINUSE)}") from None
        except OSError as error:
            raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None
        else:
            raise StartupError(f"cannot listen at {address}: {_reason_text(errno.EADDRINUSE)}")
    try:
        os.unlink(path)
    except OSError as error:
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None


def _adopt(address: Address) -> socket.socket:
    try:
        if not stat.S_ISSOCK(os.fstat(address.fd).st_mode):
            raise StartupError(f"cannot listen at {address}: the descriptor is no socket")
        sock = socket.socket(fileno=os.dup(address.fd))
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise StartupError(f"cannot listen at {address}: {_reason(error)}") from None
    if not listening or sock.type != socket.SOCK_STREAM:
        sock.close()
        raise StartupError(f"cannot listen at {address}: the socket is not a listening stream socket")
    sock.setblocking(False)
    if sock.family != socket.AF_UNIX:
        _set_for_connections(sock)
    return sock


def _set_for_connections(sock: socket.socket) -> None:
    """What those that are accepted inherit: no delay of small pieces, and notice of peers that are gone without a word,
    which nobody else would miss on a connection without a time limit."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _reason(error: OSError) -> str:
    return _reason_text(error.errno or 0)


def _reason_text(code: int) -> str:
    if code == errno.EADDRINUSE:
        return "the address is already in use; stop the other server or choose another one"
    if code in (errno.EACCES, errno.EPERM):
        return "no permission; ports below 1024 need privileges, and a socket file a writable directory"
    if code == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    if code == errno.ENODEV:
        return "this machine has no such interface"
    return os.strerror(code)
