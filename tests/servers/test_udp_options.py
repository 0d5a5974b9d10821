"""Options of UDP sockets: groups by interface, broadcast, the size of packets."""

import socket

import pytest

from fastnet.servers.udp_options import UdpOptions, interface_index, is_group, never_fragment, packet_room_bytes

V4, V6 = socket.AF_INET, socket.AF_INET6


def test_groups_and_their_interfaces() -> None:
    for host in ("224.0.0.1", "239.255.255.255%lo", "ff02::1", "ff15::1%lo"):
        assert is_group(host)
    for host in ("223.255.255.255", "240.0.0.1", "255.255.255.255", "fe80::1%lo", "localhost", ""):
        assert not is_group(host)
    index = socket.if_nametoindex("lo")
    assert interface_index("239.1.2.3%lo") == interface_index(f"ff15::1%{index}") == index
    assert interface_index("239.1.2.3") == interface_index("fe80::1%lo") == 0
    with pytest.raises(OSError):
        interface_index("239.1.2.3%nothing")


@pytest.mark.parametrize("family", [V4, V6])
def test_they_are_set(family: socket.AddressFamily) -> None:
    index = socket.if_nametoindex("lo")
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        UdpOptions(broadcast=True, multicast_ttl=7).apply(sock, "239.1.2.3%lo" if family == V4 else "ff15::1%lo")
        if family == V4:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 7
        else:
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS) == 7
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF) == index
        UdpOptions().apply(sock)
        assert family == V6 or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)


def test_the_size_of_packets() -> None:
    for family, host, most in ((V4, "127.0.0.1", 65_507), (V6, "::1", 65_487)):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((host, 9))
            never_fragment(sock)
            assert packet_room_bytes(sock) == most
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        never_fragment(sock)
        assert packet_room_bytes(sock) is None
