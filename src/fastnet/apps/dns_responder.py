"""A DNS server without its sockets: bytes of a query in, bytes of the answer out, or none.

Checks what came (RFC 1035, RFC 6891, RFC 9619), has the zones answer, cuts the answer to the size that the client can
take, and knows its cookies (RFC 7873, RFC 9018). `limit` keeps floods of answers from addresses that were forged.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass

from fastnet.apps.dns_zone import REFUSED, Answer, Zones
from fastnet.codecs.dns import Edns, Message
from fastnet.codecs.dns_names import name_key, siphash
from fastnet.codecs.dns_types import Class, Opcode, Option, Rcode, Type
from fastnet.errors import ProtocolError

# What crosses nearly every network in one piece (DNS flag day 2020), which is what is promised and what is sent.
UDP_BYTES = 1232
_LEAST_UDP_BYTES = 512
_HEADER_BYTES = 12
_RESPONSE = 0x80
# RFC 9018, section 4.3: cookies of the last hour are good, and of five minutes to come, for clocks differ.
_COOKIE_AGE_S = 3600
_COOKIE_EARLY_S = 300


class Cookies:
    """Server cookies of one secret, 16 bytes, which servers that share an address share, too."""

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret or os.urandom(16)

    def make(self, client: bytes, host: str, now: float) -> bytes:
        """The cookie, of both parts, for a client's part of 8 bytes, its address and the time (Unix, in seconds)."""
        head = client + b"\x01\0\0\0" + (int(now) & 0xFFFFFFFF).to_bytes(4, "big")
        return head + siphash(self._secret, head + _packed(host))

    def check(self, cookie: bytes, host: str, now: float) -> bool:
        """Whether this server made the cookie for this client, not too long ago."""
        if len(cookie) != 24 or cookie[8:12] != b"\x01\0\0\0":
            return False
        age = (int(now) - int.from_bytes(cookie[12:16], "big") + 2**31) % 2**32 - 2**31  # serial numbers: RFC 1982
        return (
            -_COOKIE_EARLY_S <= age <= _COOKIE_AGE_S
            and siphash(self._secret, cookie[:16] + _packed(host)) == cookie[16:]
        )


def _packed(host: str) -> bytes:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).packed
    except ValueError:
        return host.encode()  # a Unix socket's


class RateLimit:
    """Answers a second, to a network (/24 or /56), about one thing; as much may come at once. 0: any number."""

    # So much memory and no more, however many addresses an attacker makes up: the oldest are forgotten.
    MOST = 65536

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._spent: dict[tuple[bytes, bytes], tuple[float, float]] = {}

    def allows(self, host: str, what: bytes, now: float) -> bool:
        """Whether one more answer may go out, which is then counted."""
        if not self.per_second:
            return True
        packed = _packed(host)
        key = (packed[:3] if len(packed) == 4 else packed[:7], what)
        spent, since = self._spent.pop(key, (0.0, now))
        spent = max(0.0, spent - (now - since) * self.per_second)
        allowed = spent + 1 <= max(1.0, self.per_second)
        self._spent[key] = (spent + allowed, now)
        if len(self._spent) > self.MOST:
            del self._spent[next(iter(self._spent))]
        return allowed


@dataclass
class Responder:
    """Answers queries from `zones`, which may be replaced at any time."""

    zones: Zones
    cookies: Cookies
    limit: RateLimit
    _turned_away: int = 0

    def answer(self, data: bytes, host: str, now: float, *, udp: bool) -> bytes | None:
        """The answer to a query from `host` at `now`, Unix time in seconds. None: there is nothing to say."""
        if len(data) < _HEADER_BYTES or data[2] & _RESPONSE:
            return None
        try:
            query = Message.parse(data)
        except ProtocolError:
            # What of it could be read, and that is the header.
            return _only_header(data, Rcode.FORMERR)
        most = 65535
        if udp:
            asked = query.edns.payload_size if query.edns else 0
            most = min(max(asked, _LEAST_UDP_BYTES), UDP_BYTES)
        edns, known, wrong = self._edns(query, host, now)
        found = Answer(wrong, authoritative=False) if wrong else self._find(query)
        if udp and not known and not self.limit.allows(host, _subject(query, found), now):
            self._turned_away += 1
            if edns is not None and edns.cookie:
                return query.response(rcode=Rcode.BADCOOKIE, edns=edns).encode()
            # Every second one is told to come by TCP, which no forged address can.
            return query.response(truncated=True, edns=edns).encode() if self._turned_away % 2 else None
        return query.response(
            rcode=found.rcode,
            authoritative=found.authoritative,
            answers=found.answers,
            authorities=found.authorities,
            additionals=found.additionals,
            edns=edns,
        ).encode(most)

    def _edns(self, query: Message, host: str, now: float) -> tuple[Edns | None, bool, int]:
        """What to say about EDNS; whether the client's cookie shows that its address is its own; an rcode, or 0."""
        asked = query.edns
        if asked is None:
            return None, False, 0
        options: list[tuple[int, bytes]] = []
        known, wrong = False, Rcode.BADVERS if asked.version else 0
        cookie = asked.cookie
        if cookie is not None:
            if len(cookie) != 8 and not 16 <= len(cookie) <= 40:
                wrong = Rcode.FORMERR
            else:
                known = self.cookies.check(cookie, host, now)
                options.append((Option.COOKIE, self.cookies.make(cookie[:8], host, now)))
        return Edns(UDP_BYTES, dnssec_ok=asked.dnssec_ok, options=options), known, wrong

    def _find(self, query: Message) -> Answer:
        if query.opcode != Opcode.QUERY:
            return Answer(Rcode.NOTIMP, authoritative=False)
        if len(query.questions) != 1:
            # None is a way to ask for a cookie (RFC 7873, section 5.4).
            empty = not query.questions and query.edns is not None and query.edns.cookie is not None
            return Answer(Rcode.NOERROR if empty else Rcode.FORMERR, authoritative=False)
        (question,) = query.questions
        if question.rdclass != Class.IN or question.rdtype == Type.OPT:
            return REFUSED
        return self.zones.answer(question.name, question.rdtype)


def _subject(query: Message, found: Answer) -> bytes:
    """What an answer is about: an attacker may ask for names without end, but what is not there is one thing."""
    if found.rcode or not found.answers:
        return name_key(found.authorities[0].name) if found.authorities else b""
    return name_key(query.questions[0].name)


def _only_header(data: bytes, rcode: int) -> bytes:
    opcode_and_rd = data[2] & 0x79
    return data[:2] + bytes([_RESPONSE | opcode_and_rd, rcode]) + b"\0" * 8
