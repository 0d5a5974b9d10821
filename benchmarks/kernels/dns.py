"""DNS: a response of 12 records parsed, and built, by each library as its documentation does.

Ours parses lazily, so it is timed twice: the message checked, and every record and all data in it read. The others make
all of their objects at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dns.message
import dnslib
import dpkt.dns

from benchmarks.bars import Bar
from fastnet.codecs.dns import Edns, Message, Question, ResourceRecord
from fastnet.codecs.dns_data import AAAA, CNAME, NS, TXT, A

SPEED = "messages_per_s"
FASTNET = "fastnet"
ALL_READ = "fastnet, all of it read"


def response() -> Message:
    """What a server of a zone says about a host with an alias, and where it is said."""
    servers = ("ns1.example.com.", "ns2.example.net.")
    return Message(
        4660,
        is_response=True,
        authoritative=True,
        recursion_desired=True,
        questions=[Question("www.example.com.", 1)],
        answers=[
            ResourceRecord("www.example.com.", 300, CNAME("web.example.com.")),
            *(ResourceRecord("web.example.com.", 300, A(f"192.0.2.{n}")) for n in range(1, 5)),
        ],
        authorities=[ResourceRecord("example.com.", 86400, NS(name)) for name in servers],
        additionals=[
            *(ResourceRecord(name, 86400, A("192.0.2.53")) for name in servers),
            *(ResourceRecord(name, 86400, AAAA("2001:db8::53")) for name in servers),
            ResourceRecord("info.example.com.", 300, TXT([b"kept by the same people"])),
        ],
        edns=Edns(),
    )


WIRE = response().encode()
assert 290 <= len(WIRE) <= 330, len(WIRE)

Run = Callable[[list[bytes]], object]


@dataclass(frozen=True)
class DnsCodec:
    name: str
    run: Run
    addresses: Callable[[bytes], set[str]]  # of the answer, to compare what was understood


@dataclass(frozen=True)
class DnsCase:
    title: str
    inputs: list[bytes]
    units: int
    parsers: list[DnsCodec]
    bars: list[Bar]

    def check(self) -> None:
        expected = {record.data.address for record in response().answers[1:]}
        for codec in self.parsers:
            if codec.addresses(WIRE) != expected:
                raise ValueError(f"{codec.name} differs in {self.title}")


def each(function: Callable[[bytes], Any]) -> Run:
    def run(inputs: list[bytes]) -> object:
        result = None
        for one in inputs:
            result = function(one)
        return result

    return run


def read_all(wire: bytes) -> Message:
    message = Message.parse(wire)
    message.questions  # noqa: B018 - read for its own sake
    for section in (message.answers, message.authorities, message.additionals):
        for record in section:
            record.data  # noqa: B018
    return message


def of_ours(wire: bytes) -> set[str]:
    return {record.data.address for record in Message.parse(wire).answers if record.rdtype == 1}


def of_dnspython(wire: bytes) -> set[str]:
    return {data.address for each in dns.message.from_wire(wire).answer if each.rdtype == 1 for data in each}


def of_dnslib(wire: bytes) -> set[str]:
    return {str(record.rdata) for record in dnslib.DNSRecord.parse(wire).rr if record.rtype == 1}


def of_dpkt(wire: bytes) -> set[str]:
    return {".".join(map(str, record.ip)) for record in dpkt.dns.DNS(wire).an if record.type == 1}


OURS, THEIRS, DNSLIB, DPKT = response(), dns.message.from_wire(WIRE), dnslib.DNSRecord.parse(WIRE), dpkt.dns.DNS(WIRE)


def than_the_others(mine: str) -> list[Bar]:
    return [Bar(mine, SPEED, 120, "dnspython"), Bar(mine, SPEED, 12, "dpkt")]


CASES: dict[str, DnsCase] = {
    "dns-parse": DnsCase(
        f"DNS: parse a response of {len(WIRE)} B, 12 records",
        [WIRE] * 50,
        50,
        [
            DnsCodec("dnspython", each(dns.message.from_wire), of_dnspython),
            DnsCodec("dnslib", each(dnslib.DNSRecord.parse), of_dnslib),
            DnsCodec("dpkt", each(dpkt.dns.DNS), of_dpkt),
            DnsCodec(FASTNET, each(Message.parse), of_ours),
            DnsCodec(ALL_READ, each(read_all), of_ours),
        ],
        [*than_the_others(FASTNET), *than_the_others(ALL_READ)],
    ),
    "dns-build": DnsCase(
        f"DNS: encode a response of {len(WIRE)} B, 12 records, from its objects",
        [WIRE] * 50,
        50,
        [
            DnsCodec("dnspython", each(lambda wire: THEIRS.to_wire()), lambda wire: of_dnspython(THEIRS.to_wire())),
            DnsCodec("dnslib", each(lambda wire: DNSLIB.pack()), lambda wire: of_dnslib(DNSLIB.pack())),
            DnsCodec("dpkt", each(lambda wire: bytes(DPKT)), lambda wire: of_dpkt(bytes(DPKT))),
            DnsCodec(FASTNET, each(lambda wire: OURS.encode()), lambda wire: of_ours(OURS.encode())),
        ],
        [],
    ),
}
