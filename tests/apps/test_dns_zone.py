"""What a zone says, question by question; and which zones are none. tests/interop asks other servers the same."""

from pathlib import Path

import pytest

from fastnet.apps.dns_zone import MAX_ALIASES, REFUSED, Zone, Zones
from fastnet.codecs.dns import ResourceRecord
from fastnet.codecs.dns_data import CNAME, NS, SOA, TXT, A
from fastnet.codecs.dns_types import Rcode, type_name, type_number
from fastnet.errors import ConfigError

FILE = Path(__file__).parent / "example.zone"
ZONE = Zone.from_file(FILE)
SOA_RECORD = ResourceRecord("example.", 3600, SOA("ns1.x.", "admin.x.", 1, 2, 3, 4, 60))


def brief(records):
    return sorted(f"{record.name} {type_name(record.rdtype)}" for record in records)


# question, rcode, authoritative, and owners and types of the three sections
SAID = [
    ("web.example. A", 0, True, "web.example. A, web.example. A", "", ""),
    ("WEB.Example. A", 0, True, "WEB.Example. A, WEB.Example. A", "", ""),
    ("www.example. AAAA", 0, True, "web.example. AAAA, www.example. CNAME", "", ""),
    ("www.example. CNAME", 0, True, "www.example. CNAME", "", ""),
    ("www.example. MX", 0, True, "www.example. CNAME", "example. SOA", ""),
    ("web.example. MX", 0, True, "", "example. SOA", ""),
    ("nothing.example. A", 3, True, "", "example. SOA", ""),
    ("a.nothing.example. A", 3, True, "", "example. SOA", ""),
    ("gone.example. A", 3, True, "gone.example. CNAME", "example. SOA", ""),
    ("out.example. A", 0, True, "out.example. CNAME", "", ""),
    ("loop1.example. A", 0, True, "loop1.example. CNAME, loop2.example. CNAME", "", ""),
    ("deep.example. A", 0, True, "", "example. SOA", ""),
    ("b.deep.example. A", 0, True, "", "example. SOA", ""),
    ("x.deep.example. A", 3, True, "", "example. SOA", ""),
    ("any.wild.example. TXT", 0, True, "any.wild.example. TXT", "", ""),
    ("a.b.wild.example. TXT", 0, True, "a.b.wild.example. TXT", "", ""),
    ("any.wild.example. A", 0, True, "", "example. SOA", ""),
    ("wild.example. TXT", 0, True, "", "example. SOA", ""),
    ("*.wild.example. TXT", 0, True, "*.wild.example. TXT", "", ""),
    ("host.wild.example. TXT", 0, True, "", "example. SOA", ""),
    ("x.host.wild.example. TXT", 3, True, "", "example. SOA", ""),
    ("y.alias.example. A", 0, True, "web.example. A, web.example. A, y.alias.example. CNAME", "", ""),
    (
        "sub.example. A",
        0,
        False,
        "",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    (
        "x.sub.example. A",
        0,
        False,
        "",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    (
        "ns.sub.example. A",
        0,
        False,
        "",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    (
        "sub.example. NS",
        0,
        False,
        "",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    ("sub.example. DS", 0, True, "sub.example. DS", "", ""),
    (
        "x.sub.example. DS",
        0,
        False,
        "",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    (
        "tosub.example. A",
        0,
        True,
        "tosub.example. CNAME",
        "sub.example. NS, sub.example. NS",
        "ns.sub.example. A, ns1.example. A, ns1.example. AAAA",
    ),
    ("example. MX", 0, True, "example. MX, example. MX", "", "mail.example. A"),
    ("example. NS", 0, True, "example. NS, example. NS", "", "ns1.example. A, ns1.example. AAAA"),
    ("_sip._udp.example. SRV", 0, True, "_sip._udp.example. SRV", "", "sip.example. A"),
    ("svc.example. HTTPS", 0, True, "svc.example. HTTPS", "", "svc.example. A"),
    ("strange.example. TYPE65280", 0, True, "strange.example. TYPE65280", "", ""),
    ("web.example. ANY", 0, True, "web.example. TYPE13", "", ""),
    ("www.example. ANY", 0, True, "www.example. CNAME", "", ""),
    ("deep.example. ANY", 0, True, "", "example. SOA", ""),
    ("nothing.example. ANY", 3, True, "", "example. SOA", ""),
    ("example. SOA", 0, True, "example. SOA", "", ""),
    ("example. DS", 0, True, "", "example. SOA", ""),
]


@pytest.mark.parametrize(("question", "rcode", "authoritative", "answers", "authorities", "additionals"), SAID)
def test_what_a_zone_says(question, rcode, authoritative, answers, authorities, additionals):
    name, kind = question.split()
    rdtype = 255 if kind == "ANY" else type_number(kind)
    said = Zones([ZONE]).answer(name, rdtype)
    assert (said.rcode, said.authoritative) == (rcode, authoritative)
    found = [", ".join(brief(section)) for section in (said.answers, said.authorities, said.additionals)]
    assert found == [answers, authorities, additionals]


def test_what_is_not_there_may_be_remembered_for_the_minimum():
    (soa,) = ZONE.answer("nothing.example.", 1).authorities
    assert soa.ttl == 60 and ZONE.soa.ttl == 3600


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [("other.", 1), (".", 2), ("example.com.", 1), ("xexample.", 1), ("example.", 252), ("example.", 251)],
)
def test_what_is_refused(name, rdtype):
    assert Zones([ZONE]).answer(name, rdtype) is REFUSED and REFUSED.rcode == Rcode.REFUSED


def test_the_closest_zone_answers():
    child = Zone(
        "sub.example.", [SOA_RECORD.replace(name="sub.example."), ResourceRecord("x.sub.example.", 1, A("192.0.2.9"))]
    )
    zones = Zones([ZONE, child])
    assert brief(zones.answer("x.sub.example.", 1).answers) == ["x.sub.example. A"]
    assert brief(zones.answer("sub.example.", 43).answers) == ["sub.example. DS"]
    assert brief(Zones([child]).answer("sub.example.", 43).authorities) == ["sub.example. SOA"]


def test_the_root_can_be_a_zone():
    root = Zone(
        ".",
        [
            SOA_RECORD.replace(name="."),
            ResourceRecord("com.", 1, NS("ns.com.")),
            ResourceRecord("ns.com.", 1, A("192.0.2.1")),
        ],
    )
    said = Zones([root]).answer("www.example.com.", 1)
    assert brief(said.authorities) == ["com. NS"] and brief(said.additionals) == ["ns.com. A"]
    assert Zones([root]).answer("nothing.", 1).rcode == 3


@pytest.mark.parametrize("length", [MAX_ALIASES - 1, MAX_ALIASES, MAX_ALIASES + 1])
def test_a_chain_of_aliases_is_followed_so_far(length):
    chain = [ResourceRecord(f"a{n}.example.", 1, CNAME(f"a{n + 1}.example.")) for n in range(length)]
    zone = Zone("example.", [SOA_RECORD, *chain, ResourceRecord(f"a{length}.example.", 1, A("192.0.2.1"))])
    found = zone.answer("a0.example.", 1).answers
    assert len(found) == min(length + (length < MAX_ALIASES), MAX_ALIASES)


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ([], "one SOA record"),
        ([SOA_RECORD, ResourceRecord("example.", 1, SOA("x.", "x.", 2, 2, 3, 4, 60))], "one SOA record"),
        ([SOA_RECORD, ResourceRecord("other.", 1, A("192.0.2.1"))], "names in example."),
        ([SOA_RECORD, ResourceRecord("xexample.", 1, A("192.0.2.1"))], "names in example."),
        (
            [SOA_RECORD, ResourceRecord("a.example.", 1, CNAME("b.")), ResourceRecord("a.example.", 1, TXT([b"x"]))],
            "alone",
        ),
        (
            [SOA_RECORD, ResourceRecord("a.example.", 1, CNAME("b.")), ResourceRecord("a.example.", 1, CNAME("c."))],
            "alone",
        ),
    ],
)
def test_what_is_no_zone(records, what):
    with pytest.raises(ConfigError, match=what):
        Zone("example.", records)


def test_files(tmp_path):
    assert len(ZONE) == 33 and ZONE.origin == b"\x07example\0"
    file = tmp_path / "zone"
    for text, what in (("example. IN A nonsense", "a zone file"), ("$ORIGIN x.\n@ IN A 192.0.2.1", "zone file|SOA")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=what):
            Zone.from_file(file)
    with pytest.raises(ConfigError, match="No such file"):
        Zone.from_file(tmp_path / "none")
    file.write_text("@ 1 IN SOA ns admin 1 2 3 4 5\n@ 1 IN NS ns.other.\nwww 1 IN A 192.0.2.1\n")
    assert Zone.from_file(file, "x.test.").answer("www.x.test.", 1).answers[0].data == A("192.0.2.1")
