"""Data of each type: fields, what dnspython makes of the same, and what cannot be sent."""

import copy
import pickle

import dns.message
import dns.rdata
import pytest

from fastnet.codecs.dns import Message, ResourceRecord
from fastnet.codecs.dns_data import AAAA, CAA, CNAME, HTTPS, MX, NS, PTR, SOA, SRV, SVCB, TXT, A, Data, Unknown

# Ours, and the text of a zone file from which dnspython makes the same.
SAMPLES = [
    (A("192.0.2.1"), "A 192.0.2.1"),
    (A("255.0.10.99"), "A 255.0.10.99"),
    (AAAA("2001:DB8::1"), "AAAA 2001:db8::1"),
    (AAAA("::ffff:192.0.2.1"), "AAAA ::ffff:192.0.2.1"),
    (CNAME("Web.Example."), "CNAME Web.Example."),
    (NS("ns1.example."), "NS ns1.example."),
    (PTR("a\\.b.example."), "PTR a\\.b.example."),
    (MX(10, "mail.example."), "MX 10 mail.example."),
    (
        SOA("ns1.example.", "admin.example.", 2**32 - 1, 2, 3, 4, 5),
        "SOA ns1.example. admin.example. 4294967295 2 3 4 5",
    ),
    (TXT([b"one", b"", b"\xff\0" * 100]), 'TXT "one" "" "' + "\\255\\000" * 100 + '"'),
    (SRV(1, 2, 65535, "srv.example."), "SRV 1 2 65535 srv.example."),
    (CAA(128, b"issue", b"ca.example"), 'CAA 128 issue "ca.example"'),
    (SVCB(0, "svc.example."), "SVCB 0 svc.example."),
    (
        HTTPS(
            1, ".", {3: b"\x20\xfb", 1: b"\x02h2\x02h3", 4: b"\xc0\0\2\1\xc0\0\2\2", 6: b"\x20\1\x0d\xb8" + b"\0" * 12}
        ),
        "HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::",
    ),
    (Unknown(65280, b"\1\2\3"), "TYPE65280 \\# 3 010203"),
    (Unknown(65280, b""), "TYPE65280 \\# 0"),
]
VALUES = [data for data, _ in SAMPLES]


@pytest.mark.parametrize(("data", "text"), SAMPLES, ids=lambda sample: str(sample)[:20])
def test_dnspython_means_the_same(data, text):
    kind, _, rest = text.partition(" ")
    expected = dns.rdata.from_text("IN", kind, rest)
    wire = Message(answers=[ResourceRecord("x.", 1, data)]).encode()
    (found,) = dns.message.from_wire(wire).answer[0]
    assert found.to_wire() == expected.to_wire()
    assert data.rdtype == expected.rdtype
    again = Message.parse(wire).answers[0].data
    assert again == data and type(again) is type(data) and hash(again) == hash(data)


@pytest.mark.parametrize("data", VALUES, ids=lambda data: repr(data)[:20])
def test_data_are_values(data):
    assert pickle.loads(pickle.dumps(data)) == data == copy.deepcopy(data) == eval(repr(data))
    assert [other for other in VALUES if other == data] == [data]
    with pytest.raises(AttributeError):
        setattr(data, data._fields[0], 1)


def test_fields_of_a_service():
    service = SAMPLES[13][0]
    assert (service.priority, service.target, service.port) == (1, ".", 8443)
    assert service.alpn == (b"h2", b"h3") and service.ipv4hint == ("192.0.2.1", "192.0.2.2")
    assert service.ipv6hint == ("2001:db8::",) and service.mandatory == ()
    assert [key for key, _ in service.params] == [1, 3, 4, 6]
    assert SVCB(1, "x.", [(0, b"\0\1\0\3")]).mandatory == (1, 3)
    empty = SVCB(1, "x.")
    assert (empty.alpn, empty.port, empty.ipv4hint, empty.ipv6hint) == ((), None, (), ())


def test_addresses_as_bytes():
    assert A("1.2.3.4").packed == b"\1\2\3\4" and AAAA("::1").packed == b"\0" * 15 + b"\1"
    assert A("1.2.3.4") != A("1.2.3.5") and A("0.0.0.0").address == "0.0.0.0"


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: A("1.2.3"), "address"),
        (lambda: A("1.2.3.4 "), "address"),
        (lambda: AAAA("1.2.3.4"), "address"),
        (lambda: MX(65536, "x."), "preference"),
        (lambda: MX(-1, "x."), "preference"),
        (lambda: MX(1.5, "x."), "preference"),
        (lambda: MX(1, "x..y"), "no domain name"),
        (lambda: NS("x" * 64), "no domain name"),
        (lambda: SOA("x.", "y.", 2**32, 0, 0, 0, 0), "serial"),
        (lambda: TXT([]), "strings"),
        (lambda: TXT([b"x" * 256]), "strings"),
        (lambda: SRV(0, 0, 65536, "x."), "port"),
        (lambda: CAA(256, b"issue", b""), "flags"),
        (lambda: CAA(0, b"", b""), "tag"),
        (lambda: CAA(0, b"a-b", b""), "tag"),
        (lambda: CAA(0, b"a" * 256, b""), "tag"),
        (lambda: SVCB(0, "x.", {65535: b""}), "params"),
        (lambda: SVCB(0, "x.", {1: "h2"}), "params"),
        (lambda: Unknown(65536, b""), "rdtype"),
        (lambda: Unknown(1, b"x" * 65536), "data"),
    ],
)
def test_what_cannot_be_sent(make, what):
    with pytest.raises(ValueError, match=what):
        make()


def test_limits_that_are_kept():
    assert MX(65535, "x.").preference == 65535 and MX(0, "x.").preference == 0
    assert TXT([b"x" * 255]).strings == (b"x" * 255,)
    assert len(CAA(255, b"a" * 255, b"").tag) == 255


def test_bytes_that_are_not_of_their_type_are_not_sent():
    for data in (Unknown(1, b"abc"), SVCB(1, "x.", {3: b"x"}), Unknown(2, b"\xc0\xff"), Unknown(41, b"")):
        with pytest.raises(ValueError, match="cannot be sent"):
            Message(answers=[ResourceRecord("x.", 1, data)]).encode()
    with pytest.raises(TypeError, match="no data by itself"):
        Message(answers=[ResourceRecord("x.", 1, Data())]).encode()


def test_in_a_class_that_is_none_data_are_bytes():
    record = ResourceRecord("x.", 0, Unknown(1, b""), rdclass=254)
    assert Message.parse(Message(answers=[record]).encode()).answers == (record,)
    chaos = ResourceRecord("version.bind.", 0, TXT([b"1"]), rdclass=3)
    assert Message.parse(Message(answers=[chaos]).encode()).answers == (chaos,)
