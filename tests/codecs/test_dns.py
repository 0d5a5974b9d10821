"""Messages: read, written and cut as dnspython does; every limit below, at and above; malformed ones refused."""

import pickle

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnet.codecs.dns import Edns, Message, Question, ResourceRecord
from fastnet.codecs.dns_data import AAAA, CNAME, NS, SOA, TXT, A, Unknown
from fastnet.codecs.dns_types import Option, Rcode, Type
from fastnet.errors import LimitExceeded, ProtocolError
from tests.codecs.dns_oracle import ours, theirs

NAMES = st.lists(st.sampled_from([b"www", b"WWW", b"a", b"mail", b"x" * 63, b"\0.\\"]), max_size=3).map(
    lambda labels: dns.name.Name([*labels, b"example", b""])
)
NUMBERS = st.integers(0, 65535)


def rdata(kind: str, text: str):
    return dns.rdata.from_text("IN", kind, text)


RDATAS = st.one_of(
    st.ip_addresses(v=4).map(lambda a: rdata("A", str(a))),
    st.ip_addresses(v=6).map(lambda a: rdata("AAAA", str(a))),
    st.tuples(st.sampled_from(["NS", "CNAME", "PTR"]), NAMES).map(lambda p: rdata(p[0], p[1].to_text())),
    st.tuples(NUMBERS, NAMES).map(lambda p: rdata("MX", f"{p[0]} {p[1]}")),
    st.tuples(NAMES, NAMES, st.integers(0, 2**32 - 1)).map(lambda p: rdata("SOA", f"{p[0]} {p[1]} {p[2]} 1 2 3 4")),
    st.lists(st.binary(max_size=255), min_size=1, max_size=3).map(
        lambda parts: dns.rdata.from_wire(
            1, 16, b"".join(bytes([len(p)]) + p for p in parts), 0, sum(map(len, parts)) + len(parts)
        )
    ),
    st.tuples(NUMBERS, NUMBERS, NUMBERS, NAMES).map(lambda p: rdata("SRV", " ".join(map(str, p)))),
    st.sampled_from(["issue", "iodef", "x1"]).map(lambda tag: rdata("CAA", f'0 {tag} "ca.example"')),
    st.sampled_from(
        ["1 . alpn=h2,h3 port=443", "0 svc.example.", "2 x. ipv4hint=1.2.3.4 key999=ab", "1 . mandatory=port port=1"]
    ).map(lambda text: rdata("HTTPS", text)),
    st.binary(max_size=20).map(lambda data: rdata("TYPE65280", f"\\# {len(data)} {data.hex()}")),
)


@st.composite
def messages(draw) -> bytes:
    message = dns.message.Message(id=draw(NUMBERS))
    # Not UPDATE, whose sections dnspython gives another meaning.
    message.flags = dns.flags.Flag(draw(NUMBERS.filter(lambda n: n & 0x7800 != 0x2800)) & ~0x0040)
    edns = draw(st.sampled_from([None, 0, 1]))
    if edns is not None:
        options = [dns.edns.GenericOption(*draw(st.tuples(st.integers(65001, 65534), st.binary(max_size=9))))]
        message.use_edns(edns, draw(st.sampled_from([0, 0x8000])), draw(NUMBERS), options=options)
    for name in draw(st.lists(NAMES, max_size=2)):
        message.question.append(dns.rrset.RRset(name, 1, draw(NUMBERS.filter(lambda n: n != 41))))
    for section in (message.answer, message.authority, message.additional):
        for name, data in draw(st.lists(st.tuples(NAMES, RDATAS), max_size=4)):
            section.append(dns.rrset.from_rdata(name, draw(st.integers(0, 2**31 - 1)), data))
    return message.to_wire(max_size=65535)


@settings(max_examples=30)
@given(messages())
def test_any_message_of_dnspython_is_read_as_dnspython_reads_it(wire):
    assert ours(wire) == theirs(wire)


@settings(max_examples=30)
@given(messages())
def test_any_message_is_written_so_that_both_read_the_same(wire):
    message = Message.parse(wire)
    again = message.encode()
    assert ours(again) == theirs(again) == ours(wire)
    assert Message.parse(again) == message and hash(Message.parse(again)) == hash(message)
    assert pickle.loads(pickle.dumps(message)) == message
    assert len(again) <= len(wire)


@settings(max_examples=30)
@given(messages(), st.data())
def test_a_message_with_some_bytes_changed_is_refused_or_read_as_dnspython_does(wire, data):
    mutable = bytearray(wire)
    for at in data.draw(st.lists(st.integers(0, len(wire) - 1), min_size=1, max_size=3)):
        mutable[at] = data.draw(st.integers(0, 255))
    try:
        found = ours(bytes(mutable))
    except ProtocolError:
        return
    try:
        expected = theirs(bytes(mutable))
    except (dns.exception.DNSException, ValueError):
        return  # it knows more types than we do
    # dnspython gives opcodes such as UPDATE a meaning of their own.
    if found[1] & 0x7800 == 0:
        assert found[1:3] == expected[1:3] and found[4] == expected[4]


@settings(max_examples=30)
@given(messages())
def test_no_part_of_a_message_is_one(wire):
    for cut in {*range(0, len(wire), 1 + len(wire) // 20), len(wire) - 1}:
        with pytest.raises(ProtocolError) as info:
            Message.parse(wire[:cut])
        assert info.value.status == Rcode.FORMERR
    with pytest.raises(ProtocolError, match="bytes after the last record"):
        Message.parse(wire + b"x")


HEADER = b"\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
QUESTION = b"\3www\7example\0\0\1\0\1"
ANSWER = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4"


@pytest.mark.parametrize(
    ("wire", "what"),
    [
        (b"", "ends too early"),
        (HEADER[:11], "ends too early"),
        (HEADER + QUESTION, "ends too early"),
        (HEADER + QUESTION + ANSWER[:-1], "ends too early"),
        (HEADER + QUESTION + ANSWER + b"\0", "after the last record"),
        (HEADER + b"\xc0\x0c\0\1\0\1" + ANSWER, "pointer"),
        (HEADER + QUESTION + b"\xc0\xff" + ANSWER[2:], "pointer"),
        (HEADER + QUESTION + b"\xc0\x00" + ANSWER[2:], "pointer"),
        (HEADER + b"\x41" + QUESTION[1:] + ANSWER, "no such kind of label"),
        (HEADER + QUESTION + ANSWER[:-6] + b"\0\3\1\2\3", "not what its type asks for"),
        (HEADER + QUESTION + b"\0\0\x29\0\0\0\0\0\0\0\0", "OPT"),
        (HEADER + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1" + ANSWER, "longer than 255"),
    ],
)
def test_malformed_messages(wire, what):
    with pytest.raises(ProtocolError, match=what) as info:
        Message.parse(wire)
    assert info.value.status == Rcode.FORMERR


def test_what_is_read():
    message = Message.parse(memoryview(HEADER + QUESTION + ANSWER))
    assert message.id == 0x1234 and message.flags == 0x8180 and message.opcode == 0 and message.rcode == 0
    assert message.is_response and message.recursion_desired and message.recursion_available
    assert not (message.authoritative or message.truncated or message.authentic_data or message.checking_disabled)
    assert message.questions == (Question("www.example.", Type.A),)
    assert message.answers == (ResourceRecord("www.example.", 5, A("1.2.3.4")),)
    assert message.authorities == message.additionals == () and message.edns is None
    assert message.answers is message.answers and "www.example." in repr(message)


@pytest.mark.parametrize("size", [65534, 65535, 65536])
def test_the_longest_message(size):
    text = b"\0\x10\0\1\0\0\0\0"
    body, records = b"", 0
    while len(body) < size - 12:
        rest = min(size - 12 - len(body) - 11, 60000)
        strings = bytes([255]) + b"x" * 255
        data = strings * (rest // 256)
        if rest % 256:
            data += bytes([rest % 256 - 1]) + b"x" * (rest % 256 - 1)
        body += b"\0" + text + len(data).to_bytes(2, "big") + data
        records += 1
    wire = b"\0" * 6 + bytes([0, records]) + b"\0" * 4 + body
    assert len(wire) == size
    if size > 65535:
        with pytest.raises(LimitExceeded, match="65535"):
            Message.parse(wire)
    else:
        assert Message.parse(wire).encode() == wire


def test_edns():
    edns = Edns(4096, dnssec_ok=True, options=[(Option.COOKIE, b"12345678"), (Option.PADDING, b"")])
    message = Message(1, rcode=Rcode.BADVERS, edns=edns)
    found = Message.parse(message.encode())
    assert found == message and found.rcode == 16 and found.edns == edns and found.additionals == ()
    assert edns.cookie == b"12345678" and edns.option(12) == b"" and edns.option(3) is None
    assert edns.dnssec_ok and edns.flags == 0x8000 and not Edns().dnssec_ok and Edns().payload_size == 1232
    assert pickle.loads(pickle.dumps(edns)) == edns and hash(edns) == hash(found.edns) and edns != Edns()
    with pytest.raises(ValueError, match="without EDNS"):
        Message(rcode=16)


def test_queries_and_responses():
    query = Message.query("example.", Type.MX, id=7, edns=Edns())
    assert query == Message(7, questions=[Question("example.", 15)], recursion_desired=True, edns=Edns())
    answer = query.response(authoritative=True, rcode=Rcode.NXDOMAIN)
    assert answer.id == 7 and answer.is_response and answer.authoritative and answer.recursion_desired
    assert answer.questions == query.questions and answer.edns is None and answer.rcode == 3


def cut(message: Message, size: int) -> Message:
    wire = message.encode(size)
    assert len(wire) <= size
    return Message.parse(wire)


def test_a_message_is_cut_by_whole_sets():
    texts = [ResourceRecord("x.", 1, TXT([b"t" * 90])) for _ in range(3)]
    addresses = [ResourceRecord("x.", 1, A(f"192.0.2.{n}")) for n in range(3)]
    message = Message(questions=[Question("x.", 255)], answers=addresses + texts, edns=Edns())
    whole = len(message.encode())
    assert cut(message, whole) == message
    less = cut(message, whole - 1)
    assert less.answers == tuple(addresses) and less.truncated and less.edns == Edns()
    least = 12 + 7 + 11
    none = cut(message, least)
    assert none.answers == () and none.truncated and none.questions == message.questions
    with pytest.raises(ValueError, match="max_bytes"):
        message.encode(least - 1)
    with pytest.raises(ValueError, match="max_bytes"):
        message.encode(65536)


def test_what_is_extra_is_left_out_silently_and_what_a_referral_needs_is_not():
    glue = [ResourceRecord("ns.x.", 1, A("192.0.2.1")), ResourceRecord("ns.x.", 1, AAAA("2001:db8::1"))]
    servers = [ResourceRecord("x.", 1, NS("ns.x."))]
    extra = Message(questions=[Question("x.", 2)], answers=servers, additionals=glue)
    less = cut(extra, len(extra.encode()) - 1)
    assert less.additionals == (glue[0],) and not less.truncated and less.answers == tuple(servers)
    referral = Message(questions=[Question("a.x.", 1)], authorities=servers, additionals=glue)
    less = cut(referral, len(referral.encode()) - 1)
    assert less.additionals == (glue[0],) and less.truncated


def test_a_message_longer_than_what_is_written_on_the_stack():
    records = [ResourceRecord(f"host{n}.example.", n, CNAME(f"other{n}.example.")) for n in range(2000)]
    message = Message(answers=records)
    wire = message.encode()
    assert len(wire) > 40000 and Message.parse(wire) == message
    assert [r.name for r in Message.parse(message.encode(20000)).answers] == [
        f"host{n}.example." for n in range(len(Message.parse(message.encode(20000)).answers))
    ]
    with pytest.raises(ValueError, match=r"max_bytes|question"):
        Message(questions=[Question("x" * 60 + "." + "y" * 60, n) for n in range(100)]).encode(512)


def test_values_of_records_and_questions():
    record = ResourceRecord("x.", 5, SOA("a.", "b.", 1, 2, 3, 4, 5))
    assert record == pickle.loads(pickle.dumps(record)) == eval(repr(record)) and len({record, eval(repr(record))}) == 1
    assert record.replace(name="y.", ttl=1) == ResourceRecord("y.", 1, record.data) != record
    assert Question("x.", 1) == pickle.loads(pickle.dumps(Question("x.", 1))) != Question("X.", 1)
    assert Question("x.", 1) != record and record != 1
    with pytest.raises(AttributeError):
        record.ttl = 1


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Question("a..b", 1), ValueError),
        (lambda: Question("a", 65536), ValueError),
        (lambda: ResourceRecord("a", 2**32, A("1.2.3.4")), ValueError),
        (lambda: ResourceRecord("a", 1, b"1234"), TypeError),
        (lambda: Message(65536), ValueError),
        (lambda: Message(opcode=16), ValueError),
        (lambda: Message(answers=[Question("a", 1)]), TypeError),
        (lambda: Message(questions=[ResourceRecord("a", 1, A("1.2.3.4"))]), TypeError),
        (lambda: Edns(65536), ValueError),
        (lambda: Edns(options=[(10, "text")]), TypeError),
        (lambda: Message().__init__(1), TypeError),
        (lambda: Message.parse("text"), TypeError),
    ],
)
def test_what_no_message_can_hold(make, error):
    with pytest.raises(error):
        make()


def test_the_parts_of_a_message_outlive_it():
    answer = Message.parse(bytearray(HEADER + QUESTION + ANSWER)).answers[0]
    assert answer.data == A("1.2.3.4")
    unknown = Message.parse(HEADER + QUESTION + ANSWER[:2] + b"\xff\0" + ANSWER[4:]).answers[0]
    assert unknown.data == Unknown(0xFF00, b"\1\2\3\4") and unknown.rdtype == 0xFF00
