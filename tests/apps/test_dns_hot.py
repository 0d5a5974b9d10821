"""A DNS server's UDP socket: as a protocol by itself; and in a server, where what is hot is as true as what is not."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from fastnet.apps.dns_hot import DnsDatagrams
from fastnet.apps.dns_responder import Cookies, RateLimit, Responder
from fastnet.apps.dns_zone import Zone, Zones
from fastnet.codecs.dns import Edns, Message, Question
from tests.servers.serving import PATIENCE_S, Server

ZONE = Path(__file__).parent / "example.zone"
RESPONDER = Responder(Zones([Zone.from_file(ZONE)]), Cookies(b"s" * 16), RateLimit(0))


def test_a_query_is_answered_to_who_asked():
    protocol = DnsDatagrams(RESPONDER)
    query = Message.query("web.example.", 1, id=7)
    protocol.receive_datagram(query.encode(), ("192.0.2.1", 53))
    protocol.receive_datagram(b"nonsense", ("192.0.2.1", 53))
    ((answer, peer),) = protocol.data_to_send()
    assert peer == ("192.0.2.1", 53) and len(Message.parse(answer).answers) == 2
    assert protocol.next_timeout() is None and protocol.hits == 0


@pytest.mark.parametrize("model", ["prefork", "threaded", "async"])
def test_what_is_said_again_is_what_a_responder_says(model):
    edns = (None, Edns(4096), Edns(512), Edns(dnssec_ok=True), Edns(version=1), Edns(options=[(3, b"")]))
    names = ("web.example.", "WEB.example.", "nothing.example.", "x.wild.example.", "big.example.", "elsewhere.", ".")
    queries = [Message.query(name, kind, edns=one).encode() for name in names for kind in (1, 16, 255) for one in edns]
    queries.append(Message(0, opcode=4, questions=[Question("web.example.", 1)]).encode())
    queries.append(Message.query("web.example.", 1, recursion_desired=False).encode())
    queries += [queries[0][:cut] for cut in (12, 16, 20, len(queries[0]) - 1)] + [queries[0] + b"x"]
    queries += [queries[0][:12] + b"\xc0\x0c" + queries[0][14:], queries[0][:12] + b"\x40" + queries[0][13:]]
    arguments = ["dns", "--zone", str(ZONE), "--bind", "127.0.0.1:0", "--model", model, "--workers", "1"]
    with Server("", cwd=ZONE.parent, command=[sys.executable, "-m", "fastnet", *arguments]) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", server.port))
            for turn in (1, 2, 3):
                for n, query in enumerate(queries):
                    sent = (turn * 1000 + n).to_bytes(2, "big") + query[2:]
                    client.send(sent)
                    assert client.recv(65535) == RESPONDER.answer(sent, "127.0.0.1", 0.0, udp=True), (turn, sent)
