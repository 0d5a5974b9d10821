"""What udp.service() makes of a function, and refuses."""

import pytest

from fastnet import udp
from fastnet.errors import ConfigError
from fastnet.protocols.udp_requests import REQUEST, encode


@udp.service
def shout(request: bytes) -> bytes:
    return request.upper()


@udp.service(remember=1, concurrency=2)
async def later(request: bytes) -> bytes:
    return request


def test_a_function_is_a_service_of_datagrams() -> None:
    assert shout(b"a") == b"A" and shout.name == "shout" and not shout.is_async
    assert shout.protocol is None and isinstance(shout.datagram(), udp.Responder)
    assert later.is_async and later.concurrency == 2


def test_its_limits_are_those_asked_for() -> None:
    responder = later.datagram()
    for id in range(3):
        responder.receive_datagram(encode(REQUEST, id, b""), None)
    assert len(responder) == 1


def test_what_is_wrong_is_said_when_it_is_made() -> None:
    with pytest.raises(ConfigError, match="remember_s"):
        udp.service(remember_s=-1.0)
    with pytest.raises(ConfigError, match="concurrency"):
        udp.service(shout.handler, concurrency=0)
