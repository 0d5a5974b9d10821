"""A lookup without sockets: strangers refused, every server asked, TCP when cut off; what is remembered how long."""

import pytest

from fastnet.codecs.dns import Message, Question, ResourceRecord
from fastnet.codecs.dns_data import CNAME, MX, SOA, A
from fastnet.codecs.dns_types import Rcode
from fastnet.protocols.dns import Answer, Cache, DnsError, Done, Lookup, Send, mail_hosts, read_answer

ONE, TWO = ("192.0.2.1", 53), ("192.0.2.2", 53)
RECORD = ResourceRecord("www.x.", 300, A("192.0.2.9"))
SOA_RECORD = ResourceRecord("x.", 900, SOA("ns.", "admin.", 1, 2, 3, 4, 60))


def answer_to(step: Send, **fields) -> bytes:
    return Message.parse(step.wire).response(**fields).encode()


def test_an_answer():
    lookup = Lookup("www.x", 1, [ONE, TWO], wait_s=1.5)
    step = lookup.next_step()
    query = Message.parse(step.wire)
    assert step == Send(ONE, step.wire, False, 1.5) and lookup.next_step() == step
    assert query.questions == (Question("www.x.", 1),) and query.recursion_desired and query.edns.payload_size == 1232
    assert lookup.receive(answer_to(step, answers=[RECORD]), ONE)
    assert lookup.next_step() == Done(Answer("www.x", 1, (RECORD,), 300))


def test_strangers_are_not_heard():
    lookup = Lookup("www.x", 1, [ONE, TWO])
    step = lookup.next_step()
    query, right = Message.parse(step.wire), answer_to(step, answers=[RECORD])
    other_name = Message(query.id, is_response=True, questions=[Question("xxx.x", 1)], answers=[RECORD])
    other_type = Message(query.id, is_response=True, questions=[Question("www.x", 28)])
    for data, server in (
        (right, TWO),
        (right, ("192.0.2.1", 54)),
        (bytes([right[0] ^ 1]) + right[1:], ONE),
        (step.wire, ONE),
        (right[:11], ONE),
        (b"", ONE),
        (other_name.encode(), ONE),
        (other_type.encode(), ONE),
        (Message(query.id, is_response=True).encode(), ONE),
    ):
        assert not lookup.receive(data, server)
    assert lookup.next_step() == step
    assert lookup.receive(right, ONE)


def test_every_server_is_asked_with_growing_patience():
    lookup = Lookup("www.x", 1, [ONE, TWO], wait_s=1.0, rounds=2)
    ids = set()
    for server, wait_s in ((ONE, 1.0), (TWO, 1.0), (ONE, 2.0), (TWO, 2.0)):
        step = lookup.next_step()
        assert (step.server, step.wait_s, step.tcp) == (server, wait_s, False)
        ids.add(step.wire[:2])
        if server == ONE:
            lookup.timed_out()
        else:
            assert lookup.receive(answer_to(step, rcode=Rcode.SERVFAIL), TWO)
    assert len(ids) > 1
    with pytest.raises(DnsError, match=r"www.x: 192.0.2.1: no answer; 192.0.2.2 says SERVFAIL$"):
        lookup.next_step()
    with pytest.raises(DnsError, match="no server"):
        Lookup("www.x", 1, [])


def test_what_is_cut_off_is_asked_for_by_tcp():
    lookup = Lookup("www.x", 1, [ONE])
    step = lookup.next_step()
    assert lookup.receive(answer_to(step, truncated=True)[:20], ONE)
    by_tcp = lookup.next_step()
    assert by_tcp == Send(ONE, step.wire, True, step.wait_s)
    assert lookup.receive(answer_to(by_tcp, answers=[RECORD]), ONE)
    assert lookup.next_step().answer.records == (RECORD,)


def test_a_malformed_answer_sends_us_on():
    lookup = Lookup("www.x", 1, [ONE, TWO])
    assert lookup.receive(answer_to(lookup.next_step(), answers=[RECORD])[:-1], ONE)
    step = lookup.next_step()
    assert step.server == TWO
    assert lookup.receive(Message(int.from_bytes(step.wire[:2], "big"), is_response=True, rcode=1).encode(), TWO)
    assert lookup.next_step().server == ONE


def response(**fields) -> Message:
    return Message(1, is_response=True, **fields)


def test_aliases_are_followed_and_the_least_ttl_counts():
    records = [
        ResourceRecord("a.x.", 50, CNAME("B.x.")),
        ResourceRecord("b.x.", 500, CNAME("www.x.")),
        ResourceRecord("other.x.", 5, A("192.0.2.8")),
        RECORD,
    ]
    assert read_answer(response(answers=records), "A.x", 1) == Answer("www.x.", 1, (RECORD,), 50)
    assert read_answer(response(answers=records[:1]), "a.x", 5).records == (records[0],)
    loop = [ResourceRecord("a.x.", 50, CNAME("b.x.")), ResourceRecord("b.x.", 50, CNAME("a.x."))]
    assert read_answer(response(answers=loop), "a.x", 1).records == ()


@pytest.mark.parametrize(
    ("message", "ttl", "exists"),
    [
        (response(rcode=3, authorities=[SOA_RECORD]), 60, False),
        (response(authorities=[SOA_RECORD]), 60, True),
        (response(authorities=[SOA_RECORD.replace(ttl=30)]), 30, True),
        (response(), 0, True),
        (response(answers=[RECORD.replace(ttl=2**31)]), 0, True),
        (response(answers=[RECORD.replace(ttl=2**31 - 1)]), 7 * 86400, True),
    ],
)
def test_how_long_it_may_be_remembered(message, ttl, exists):
    answer = read_answer(message, "www.x", 1)
    assert (answer.ttl, answer.exists) == (ttl, exists)


def test_the_cache():
    cache = Cache(most=2)
    answer = Answer("www.x.", 1, (RECORD,), 300)
    cache.put("www.x.", answer, 100.0)
    assert cache.get("WWW.x", 1, 399.9) is answer and cache.get("www.x", 28, 100.0) is None
    assert cache.get("www.x", 1, 400.0) is None and len(cache) == 0
    cache.put("never.x", Answer("never.x", 1, (), 0), 0.0)
    assert len(cache) == 0
    for n in range(3):
        cache.put(f"n{n}.x", Answer(f"n{n}.x", 1, (), 10), 0.0)
    assert [cache.get(f"n{n}.x", 1, 1.0) is not None for n in range(3)] == [False, True, True]


def test_who_takes_mail():
    records = tuple(ResourceRecord("x.", 1, MX(n, f"mx{n}.x.")) for n in (20, 5, 10))
    assert mail_hosts(Answer("x.", 15, records, 1)) == ["mx5.x.", "mx10.x.", "mx20.x."]
    assert mail_hosts(Answer("x.", 15, (), 1)) == ["x."]
    assert mail_hosts(Answer("x.", 15, (ResourceRecord("x.", 1, MX(0, ".")),), 1)) == []
    assert mail_hosts(Answer("x.", 15, (), 1, exists=False)) == []
