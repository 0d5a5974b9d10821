"""Queries of every kind, well and ill formed, and what a server says to them; cookies, and floods."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.apps.dns_responder import UDP_BYTES, Cookies, RateLimit, Responder
from fastnet.apps.dns_zone import Zone, Zones
from fastnet.codecs.dns import Edns, Message, Question
from fastnet.codecs.dns_types import Option, Rcode, Type

ZONES = Zones([Zone.from_file(Path(__file__).parent / "example.zone")])
CLIENT = "198.51.100.100"
NOW = 1559731985.0


def responder(per_second=0.0, secret=b"s" * 16) -> Responder:
    return Responder(ZONES, Cookies(secret), RateLimit(per_second))


def ask(query: Message, *, udp=True, server=None, host=CLIENT, now=NOW) -> Message:
    wire = (server or responder()).answer(query.encode(), host, now, udp=udp)
    answer = Message.parse(wire)
    assert answer.id == query.id and answer.is_response and len(wire) <= (UDP_BYTES if udp else 65535)
    return answer


def test_an_answer():
    query = Message.query("wEb.example.", Type.A, id=77, edns=Edns(4096, dnssec_ok=True))
    answer = ask(query)
    assert answer.questions == query.questions and answer.authoritative and answer.recursion_desired
    assert not answer.recursion_available and answer.edns == Edns(UDP_BYTES, dnssec_ok=True)
    assert [str(record.data.address) for record in answer.answers] == ["192.0.2.1", "192.0.2.2"]
    assert {record.name for record in answer.answers} == {"wEb.example."}
    assert ask(Message.query("web.example.", Type.A)).edns is None


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (Message(1, opcode=4, questions=[Question("web.example.", 1)]), Rcode.NOTIMP),
        (Message(1), Rcode.FORMERR),
        (Message(1, questions=[Question("web.example.", 1)] * 2), Rcode.FORMERR),
        (Message.query("web.example.", 1, rdclass=3), Rcode.REFUSED),
        (Message.query("web.example.", 41), Rcode.REFUSED),
        (Message.query("elsewhere.", 1), Rcode.REFUSED),
        (Message.query("example.", 252), Rcode.REFUSED),
        (Message.query("web.example.", 1, edns=Edns(version=1)), Rcode.BADVERS),
        (Message.query("web.example.", 1, edns=Edns(options=[(10, b"1234567")])), Rcode.FORMERR),
        (Message.query("web.example.", 1, edns=Edns(options=[(10, b"1" * 15)])), Rcode.FORMERR),
        (Message.query("web.example.", 1, edns=Edns(options=[(10, b"1" * 41)])), Rcode.FORMERR),
        (Message.query("web.example.", 1, edns=Edns(options=[(10, b"1" * 40)])), Rcode.NOERROR),
        (Message.query("web.example.", 1, edns=Edns(options=[(10, b"1" * 16)])), Rcode.NOERROR),
    ],
)
def test_what_is_not_answered_says_why(query, rcode):
    answer = ask(query)
    assert answer.rcode == rcode and bool(answer.answers) == (rcode == 0)


def test_what_gets_no_answer():
    server = responder()
    for data in (b"", b"\0" * 11, Message(1, is_response=True).encode()):
        assert server.answer(data, CLIENT, NOW, udp=True) is None
    malformed = server.answer(b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\xff", CLIENT, NOW, udp=True)
    assert Message.parse(malformed) == Message(0x1234, is_response=True, recursion_desired=True, rcode=1)


@given(st.binary(max_size=80))
def test_anything_gets_a_message_or_nothing(data):
    answer = responder().answer(data, CLIENT, NOW, udp=True)
    if answer is not None:
        assert Message.parse(answer).is_response and answer[:2] == data[:2]


def test_sizes():
    big = [Message.query("big.example.", Type.TXT, edns=edns) for edns in (None, Edns(512), Edns(620), Edns(1232))]
    assert [ask(query).truncated for query in big] == [True, True, True, False]
    assert not ask(big[0], udp=False).truncated
    # A client that promises less than 512 bytes is taken to mean 512 (RFC 6891, section 6.2.3).
    assert len(ask(Message.query("example.", Type.MX, edns=Edns(0))).answers) == 2


def test_cookies_are_those_of_rfc_9018():
    # Appendix A.1, A.2
    cookies = Cookies(bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf"))
    client = bytes.fromhex("2464c4abcf10c957")
    made = cookies.make(client, CLIENT, NOW)
    assert made.hex() == "2464c4abcf10c957010000005cf79f111f8130c3eee29480"
    assert cookies.check(made, CLIENT, NOW)
    for age, good in ((3600, True), (3601, False), (-300, True), (-301, False)):
        assert cookies.check(made, CLIENT, NOW + age) == good, age
    assert not cookies.check(made, "198.51.100.101", NOW)
    assert not Cookies(b"x" * 16).check(made, CLIENT, NOW)
    for wrong in (made[:-1], made + b"x", made[:8], made[:8] + b"\2" + made[9:], made[:-1] + b"\xff"):
        assert not cookies.check(wrong, CLIENT, NOW)
    assert cookies.check(cookies.make(client, "2001:db8::1%eth0", NOW), "2001:db8::1", NOW)
    assert Cookies().make(client, CLIENT, NOW) != Cookies().make(client, CLIENT, NOW)


def test_a_cookie_comes_back_whole():
    server = responder()
    answer = ask(Message.query("web.example.", 1, edns=Edns(options=[(Option.COOKIE, b"12345678")])), server=server)
    assert answer.edns.cookie == server.cookies.make(b"12345678", CLIENT, NOW)
    alone = Message(1, edns=Edns(options=[(Option.COOKIE, b"12345678")]))
    assert ask(alone, server=server).rcode == Rcode.NOERROR


def test_a_flood_is_turned_away_but_for_who_has_a_cookie():
    server = responder(2.0)
    query = Message.query("web.example.", 1, edns=Edns())
    wire = query.encode()
    said = [server.answer(wire, CLIENT, NOW, udp=True) for _ in range(6)]
    assert [bool(Message.parse(one).answers) for one in said[:2]] == [True, True]
    assert [one and Message.parse(one).truncated for one in said[2:]] == [True, None, True, None]
    assert server.answer(wire, "198.51.100.7", NOW, udp=True) is None or True  # the same network
    assert ask(query, server=server, host="192.0.2.1").answers
    assert ask(query, server=server, udp=False).answers
    fresh = Message.query("web.example.", 1, edns=Edns(options=[(10, b"12345678")]))
    turned_away = ask(fresh, server=server)
    assert turned_away.rcode == Rcode.BADCOOKIE and not turned_away.answers
    known = Message.query("web.example.", 1, edns=Edns(options=[(10, turned_away.edns.cookie)]))
    assert all(ask(known, server=server).answers for _ in range(10))
    assert ask(query, server=server, now=NOW + 1).answers


def test_names_without_end_are_one_thing():
    server = responder(3.0)
    wires = [Message.query(f"n{n}.example.", 1).encode() for n in range(20)]
    full = [
        one
        for wire in wires
        if (one := server.answer(wire, CLIENT, NOW, udp=True)) and not Message.parse(one).truncated
    ]
    assert len(full) == 3


def test_the_limit_keeps_to_its_memory_and_rate():
    limit = RateLimit(5.0)
    assert [limit.allows("192.0.2.1", b"x", 100.0) for _ in range(6)] == [True] * 5 + [False]
    assert limit.allows("192.0.2.1", b"y", 100.0) and not limit.allows("192.0.2.99", b"x", 100.1)
    assert limit.allows("192.0.2.1", b"x", 100.3)
    assert not limit.allows("192.0.2.1", b"x", 100.3)
    for n in range(RateLimit.MOST + 10):
        limit.allows(f"2001:db8:{n % 65536:x}:{n // 65536 + 1:x}::1", b"z", 200.0)
    assert len(limit._spent) == RateLimit.MOST
    assert all(RateLimit(0).allows("192.0.2.1", b"x", 1.0) for _ in range(100))
    half = RateLimit(0.5)
    assert [half.allows("192.0.2.1", b"x", now) for now in (0.0, 1.0, 2.0, 2.5)] == [True, False, True, False]
