"""dnspython as the judge of our DNS messages: what it reads and writes, in terms that both have."""

from __future__ import annotations

from typing import Any

import dns.message

from fastnet.codecs.dns import Message, ResourceRecord
from fastnet.codecs.dns_data import Unknown
from fastnet.codecs.dns_names import name_to_wire

SECTIONS = ("questions", "answers", "authorities", "additionals")


def ours(wire: bytes) -> Any:
    """Everything in a message, as we read it."""
    message = Message.parse(wire)
    sections = [[(name_to_wire(q.name), q.rdtype, q.rdclass) for q in message.questions]]
    for section in (message.answers, message.authorities, message.additionals):
        # With the highest bit set, a TTL is taken to be zero (RFC 2181, section 8); we show what was sent.
        sections.append(
            [(name_to_wire(r.name), r.rdtype, r.rdclass, r.ttl * (r.ttl < 2**31), plain(r)) for r in section]
        )
    edns = message.edns
    opt = None if edns is None else (edns.payload_size, edns.version, edns.flags, edns.options)
    return message.id, message.flags, message.rcode, sections, opt


def plain(record: ResourceRecord) -> bytes:
    """The data with every name written out, as dnspython reads what we write."""
    if not isinstance(record.data, Unknown):
        message = dns.message.from_wire(Message(answers=[record]).encode(), one_rr_per_rrset=True)
        return message.answer[0][0].to_wire()
    return record.data.data


def theirs(wire: bytes) -> Any:
    """The same, as dnspython does. A record by itself is a set of its own: order and repetition are kept."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True, continue_on_error=False)
    sections: list[list[Any]] = [[(q.name.to_wire(), int(q.rdtype), int(q.rdclass)) for q in message.question]]
    for section in (message.answer, message.authority, message.additional):
        sections.append(
            [(s.name.to_wire(), int(s.rdtype), int(s.rdclass), s.ttl, data.to_wire()) for s in section for data in s]
        )
    opt = None
    if message.edns >= 0:
        options = tuple((int(option.otype), option.to_wire()) for option in message.options)
        opt = (message.payload, message.edns, message.ednsflags & 0xFFFF, options)
    return message.id, message.flags, int(message.rcode()), sections, opt
