"""A stub resolver's thinking, without I/O: what to ask whom, what an answer is worth, how long it may be remembered.

A `Lookup` is one question on its way. Whoever drives it asks `next_step()` again and again, and does what it says:

    Send(server, wire, tcp, wait_s)   send the query; then receive(data, server) what comes, or timed_out()
    Done(answer)                      the end; failures are raised by next_step() itself

Ids are random, and a source port should be: who answers must come from the server asked, with the id and the question
that were sent (RFC 5452); everything else is dropped, and waiting goes on. Every server is tried, in turn, before
patience is lost; a truncated answer is asked for again by TCP (RFC 7766).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastnet.codecs.dns import Edns, Message, ResourceRecord
from fastnet.codecs.dns_data import CNAME, MX, SOA
from fastnet.codecs.dns_names import name_key
from fastnet.codecs.dns_types import Rcode, Type
from fastnet.errors import FastnetError, ProtocolError

Server = tuple[str, int]

_TRUNCATED = 0x02
_MAX_ALIASES = 16
# RFC 8767, section 4; RFC 2308, section 5: longest that answers, and that denials, are remembered.
_MOST_TTL_S = 7 * 86400
_MOST_DENIAL_S = 3 * 3600


class DnsError(FastnetError):
    """A name could not be looked up: no server answered, or all that did failed."""


class NameNotFound(DnsError):
    """There is no such name (NXDOMAIN)."""


@dataclass(frozen=True)
class Answer:
    """What a name was found to have. `name` is its true one, where the aliases lead; `records` may be empty."""

    name: str
    rdtype: int
    records: tuple[ResourceRecord, ...]
    ttl: int
    exists: bool = True


@dataclass(frozen=True)
class Send:
    """Send `wire` to `server`, by TCP (behind two bytes of length) or UDP, and wait so long for the answer."""

    server: Server
    wire: bytes
    tcp: bool
    wait_s: float


@dataclass(frozen=True)
class Done:
    """The lookup is over."""

    answer: Answer


@dataclass
class Lookup:
    """One question; see the module. `rounds`: how often each server is asked; the wait doubles with each."""

    name: str
    rdtype: int
    servers: Sequence[Server]
    wait_s: float = 2.0
    rounds: int = 3
    _query: Message = field(init=False)
    _turn: int = 0
    _tcp: bool = False
    _reasons: list[str] = field(default_factory=list)
    _answer: Answer | None = None

    def __post_init__(self) -> None:
        if not self.servers:
            raise DnsError("there is no server to ask")
        self._new_query()

    def _new_query(self) -> None:
        # Another id for each attempt, so that a late answer to an earlier one is a stranger's.
        self._query = Message.query(self.name, self.rdtype, id=secrets.randbelow(65536), edns=Edns(1232))

    def next_step(self) -> Send | Done:
        """What to do now. Raises DnsError when every server was asked in vain."""
        if self._answer is not None:
            return Done(self._answer)
        if self._turn >= len(self.servers) * self.rounds:
            raise DnsError(f"{self.name}: {'; '.join(dict.fromkeys(self._reasons))}")
        number, server = divmod(self._turn, len(self.servers))
        return Send(self.servers[server], self._query.encode(), self._tcp, self.wait_s * 2**number)

    def receive(self, data: bytes, server: Server) -> bool:
        """Something came. False: it is no answer to the query; go on waiting."""
        asked = self.servers[self._turn % len(self.servers)]
        if server[:2] != asked or len(data) < 12 or data[:2] != self._query.id.to_bytes(2, "big") or not data[2] & 0x80:
            return False
        if data[2] & _TRUNCATED and not self._tcp:
            self._tcp = True  # the same server; what is cut off need not be well formed
            return True
        try:
            message = Message.parse(data)
        except ProtocolError as error:
            self._fail(f"{asked[0]}: {error}")
            return True
        if not self._is_about_it(message):
            return False
        if message.rcode in (Rcode.NOERROR, Rcode.NXDOMAIN):
            self._answer = read_answer(message, self.name, self.rdtype)
        else:
            self._fail(f"{asked[0]} says {_rcode_name(message.rcode)}")
        return True

    def timed_out(self, reason: str = "no answer") -> None:
        """The wait is over, or the server cannot be reached, and why."""
        self._fail(f"{self.servers[self._turn % len(self.servers)][0]}: {reason}")

    def _fail(self, reason: str) -> None:
        self._reasons.append(reason)
        self._turn += 1
        self._tcp = False
        self._new_query()

    def _is_about_it(self, message: Message) -> bool:
        if not message.questions:
            return message.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN)  # a server that could not read it
        question = message.questions[0]
        same = len(message.questions) == 1 and question.rdtype == self.rdtype and question.rdclass == 1
        return same and name_key(question.name) == name_key(self.name)


def _rcode_name(rcode: int) -> str:
    try:
        return Rcode(rcode).name
    except ValueError:
        return f"rcode {rcode}"


def read_answer(message: Message, name: str, rdtype: int) -> Answer:
    """What a response says about a name, its aliases followed (RFC 1034, section 5.3.3)."""
    ttls: list[int] = []
    found: tuple[ResourceRecord, ...] = ()
    key = name_key(name)
    for _ in range(_MAX_ALIASES):
        found = tuple(r for r in message.answers if r.rdtype == rdtype and name_key(r.name) == key)
        aliases = [r for r in message.answers if r.rdtype == Type.CNAME and name_key(r.name) == key]
        ttls += [_ttl(record) for record in (found or aliases)]
        if found or not aliases:
            break
        assert isinstance(aliases[0].data, CNAME)
        name = aliases[0].data.target
        key = name_key(name)
    exists = message.rcode != Rcode.NXDOMAIN
    if not found:
        ttls += [_denial_ttl(message)]
    return Answer(name, rdtype, found, min([_MOST_TTL_S, *ttls]), exists)


def _ttl(record: ResourceRecord) -> int:
    return record.ttl if record.ttl < 2**31 else 0  # RFC 2181, section 8


def _denial_ttl(message: Message) -> int:
    for record in message.authorities:
        if isinstance(record.data, SOA):
            return min(_ttl(record), record.data.minimum, _MOST_DENIAL_S)
    return 0


class Cache:
    """Answers, and that there are none, for as long as they may be kept (RFC 2308); `most` of them, the oldest go."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._kept: dict[tuple[bytes, int], tuple[float, Answer]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: str, rdtype: int, now: float) -> Answer | None:
        """What is remembered at `now`, in seconds of any clock that goes steadily."""
        key = name_key(name), rdtype
        until, answer = self._kept.get(key, (now, None))
        if answer is not None and until <= now:
            del self._kept[key]
        return answer if until > now else None

    def put(self, name: str, answer: Answer, now: float) -> None:
        """Remember it."""
        if answer.ttl <= 0:
            return
        key = name_key(name), answer.rdtype
        self._kept.pop(key, None)
        self._kept[key] = now + answer.ttl, answer
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]


def mail_hosts(answer: Answer) -> list[str]:
    """Who takes mail for a name, in the order to try (RFC 5321, section 5.1; RFC 7505): itself, where no MX says so."""
    found = sorted((r.data.preference, r.data.exchange) for r in answer.records if isinstance(r.data, MX))
    if not found:
        return [answer.name] if answer.exists else []
    return [host for _, host in found if host != "."]
