"""A stream connection with `async def` methods, served for real: concurrently, with deadlines, cancelled, streamed."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Answer, Call, Cancel, Item
from fastnet.protocols.rpc_errors import CallCancelled, DeadlineExceeded, InternalError, RPCError
from fastnet.protocols.rpc_msgpack import MessagePackRPC
from tests.servers.serving import PATIENCE_S, Server, until

HERE = Path(__file__).parent


class Peer:
    """A caller on a socket, which sends and receives one after the other."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self.protocol = MessagePackRPC()

    def call(self, *calls: Call | Cancel) -> None:
        for call in calls:
            self.protocol.call(call) if isinstance(call, Call) else self.protocol.send(call)
        self.client.sendall(b"".join(map(bytes, self.protocol.data_to_send())))

    def next(self) -> Any:
        while (event := self.protocol.next_event()) is NEED_DATA:
            data = self.client.recv(65536)
            assert data, "the server closed the connection"
            self.protocol.receive_data(data)
        return event

    def result(self, method: str, *params: Any) -> Any:
        self.call(Call(99, method, params))
        answer = self.next()
        assert answer.id == 99
        return answer.result


@pytest.fixture(scope="module", params=["prefork", "async"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(
        "rpc_apps:mixed.msgpack", "--model", request.param, "--workers", "1", cwd=HERE, bind="tcp://127.0.0.1:0"
    ) as running:
        yield running


@pytest.fixture
def peer(server: Server) -> Iterator[Peer]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        yield Peer(client)


def test_calls_run_at_the_same_time_and_are_answered_as_they_end(peer: Peer) -> None:
    peer.call(Call(1, "hold", ["first"]), Call(2, "wait", [0.01]), Call(3, "add", [1, 2]))
    answers = [peer.next() for _ in range(2)]
    assert {answer.id: answer.result for answer in answers} == {2: "waited", 3: 3}


def test_a_call_is_cancelled_by_its_caller(peer: Peer) -> None:
    peer.call(Call(1, "hold", ["cancelled"]), Call(2, "hold", ["not cancelled"]), Cancel(1), Cancel(77))
    answer = peer.next()
    assert answer.id == 1 and type(answer.fault) is CallCancelled
    held = peer.result("held")
    assert "cancelled" in held and "not cancelled" not in held


def test_a_reset_cancels_its_calls(server: Server, peer: Peer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        other = Peer(client)
        other.call(Call(1, "hold", ["left alone"]))
        assert other.result("add", 1) == 2
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: "left alone" in peer.result("held"), "the call to be cancelled")


def test_who_is_done_sending_still_gets_answers(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        other = Peer(client)
        other.call(Call(1, "wait", [0.05]), Call(2, "add", [1]))
        client.shutdown(socket.SHUT_WR)
        assert {other.next().result, other.next().result} == {2, "waited"}
        assert client.recv(1) == b""


def test_deadlines_of_the_method_and_of_the_caller(peer: Peer) -> None:
    peer.call(Call(1, "impatient"))
    assert type(peer.next().fault) is DeadlineExceeded
    peer.call(Call(2, "wait", [3600], timeout_s=0.01))
    assert type(peer.next().fault) is DeadlineExceeded
    peer.call(Call(3, "wait", [0.01], timeout_s=60))
    assert peer.next().result == "waited"


@pytest.mark.parametrize("method", ["ticks", "count"])
def test_streams(peer: Peer, method: str) -> None:
    peer.call(Call(1, method, [3], stream=True))
    found = [peer.next() for _ in range(4)]
    assert [event.value for event in found[:3]] == [0, 1, 2] and all(isinstance(e, Item) for e in found[:3])
    assert isinstance(found[3], Answer) and (found[3].id, found[3].fault) == (1, None)
    assert peer.result(method, 3) == [0, 1, 2]


def test_a_stream_without_end_is_cancelled(peer: Peer) -> None:
    peer.call(Call(1, "ticks", [2**60], stream=True))
    assert isinstance(peer.next(), Item)
    peer.call(Cancel(1))
    while not isinstance(event := peer.next(), Answer):
        pass
    assert type(event.fault) is CallCancelled
    assert "ticks" in peer.result("held")


def test_faults(peer: Peer) -> None:
    peer.call(Call(1, "fail"), Call(2, "refuse", [7]), Call(None, "fail", one_way=True), Call(3, "add", [1]))
    answers = {answer.id: answer for answer in (peer.next() for _ in range(3))}
    assert type(answers[1].fault) is InternalError and "secret" not in str(answers[1].fault)
    assert type(answers[2].fault) is RPCError and (answers[2].fault.code, answers[2].fault.data) == (7, {"code": 7})
    assert answers[3].result == 2


def test_several_calls_as_one(peer: Peer) -> None:
    calls = [{"methodName": "wait", "params": [0]}, {"methodName": "add", "params": [1]}]
    waited, added, late = peer.result("system.multicall", [*calls, {"methodName": "ticks", "params": [2]}])
    assert (waited, added, late) == (["waited"], [2], [[0, 1]])
