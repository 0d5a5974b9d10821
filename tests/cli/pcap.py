"""A capture file of what peers said, written without rights to capture: Ethernet-less IPv4 packets of UDP and TCP."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from fastnet.checksum import internet

_CLIENT, _SERVER = socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2")
_CLIENT_PORT = 40_000
_RAW_IP = 101  # the link type of packets that begin with their IP header
_SYN, _ACK, _PUSH_ACK, _SYN_ACK, _FIN_ACK = 0x02, 0x10, 0x18, 0x12, 0x11
_SEGMENT_BYTES = 1400


class Capture:
    """Packets in the order they were added; write() makes the file."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._client_port = _CLIENT_PORT

    def datagrams(self, port: int, said: bytes, got: bytes) -> None:
        """A question to a port, and its answer."""
        self._client_port += 1
        for mine, data in ((True, said), (False, got)):
            ports = self._ports(mine, port)
            self._add(mine, socket.IPPROTO_UDP, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data, 6)

    def stream(self, port: int, turns: list[tuple[bytes, bytes]]) -> None:
        """A connection: what was said and what was answered, in turn; opened and closed as it should be."""
        self._client_port += 1
        at = {True: 1000, False: 9000}

        def segment(mine: bool, flags: int, data: bytes = b"") -> None:
            ack = 0 if flags == _SYN else at[not mine]
            head = struct.pack(">HHIIBBHHH", *self._ports(mine, port), at[mine], ack, 5 << 4, flags, 65_535, 0, 0)
            self._add(mine, socket.IPPROTO_TCP, head + data, 16)
            at[mine] += len(data) + bool(flags & 3)

        segment(True, _SYN)
        segment(False, _SYN_ACK)
        segment(True, _ACK)
        for turn in turns:
            for mine, data in zip((True, False), turn, strict=True):
                for i in range(0, len(data), _SEGMENT_BYTES):
                    segment(mine, _PUSH_ACK, data[i : i + _SEGMENT_BYTES])
        segment(True, _FIN_ACK)
        segment(False, _FIN_ACK)
        segment(True, _ACK)

    def write(self, path: Path) -> None:
        """As a file of libpcap."""
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, _RAW_IP)
        packets = (struct.pack("<IIII", 0, i, len(p), len(p)) + p for i, p in enumerate(self._packets))
        path.write_bytes(head + b"".join(packets))

    def _ports(self, mine: bool, port: int) -> tuple[int, int]:
        return (self._client_port, port) if mine else (port, self._client_port)

    def _add(self, mine: bool, protocol: int, body: bytes, checksum_at: int) -> None:
        ends = _CLIENT + _SERVER if mine else _SERVER + _CLIENT
        total = internet(ends + struct.pack(">HH", protocol, len(body)) + body)
        body = body[:checksum_at] + struct.pack(">H", total or 0xFFFF) + body[checksum_at + 2 :]
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), len(self._packets), 0x4000, 64, protocol, 0) + ends
        head = head[:10] + struct.pack(">H", internet(head)) + head[12:]
        self._packets.append(head + body)
