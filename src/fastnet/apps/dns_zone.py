"""A zone, and what it says to a question: RFC 1034, section 4.3.2, with RFC 4592 (wildcards), RFC 2308 (what is not
there), RFC 6604 (the end of a chain of aliases) and RFC 8482 (ANY).

Zone files are read by dnspython; a Zone never changes after that, so that a new one can take its place at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from fastnet.codecs.dns import Message, ResourceRecord
from fastnet.codecs.dns_data import CNAME, MX, NS, SOA, SRV, SVCB, Unknown
from fastnet.codecs.dns_names import name_from_wire, name_key
from fastnet.codecs.dns_types import Rcode, Type
from fastnet.errors import ConfigError

# Aliases followed in one answer; more are a loop, or might as well be.
MAX_ALIASES = 16
_HINFO = 13
# RFC 8482, section 4.2: to ANY, that there is something, and not what.
_ANY_DATA = Unknown(_HINFO, b"\x07RFC8482\x00")
_ANY_TTL_S = 3789

Records = tuple[ResourceRecord, ...]


@dataclass(frozen=True)
class Answer:
    """What is to be said: an rcode, whether with authority, and three sections."""

    rcode: int = Rcode.NOERROR
    authoritative: bool = True
    answers: Records = ()
    authorities: Records = ()
    additionals: Records = ()


REFUSED = Answer(Rcode.REFUSED, authoritative=False)


def suffixes(key: bytes) -> list[bytes]:
    """A name in wire form, its parent, and so on to the root."""
    found = [key]
    while len(found[-1]) > 1:
        found.append(found[-1][found[-1][0] + 1 :])
    return found


class Zone:
    """The records of one zone. Raises ConfigError unless there is one SOA record, at `origin`."""

    def __init__(self, origin: str, records: Iterable[ResourceRecord]) -> None:
        self.origin = name_key(origin)
        self._nodes: dict[bytes, dict[int, Records]] = {}
        for record in records:
            key = name_key(record.name)
            if not key.endswith(self.origin) or self.origin not in suffixes(key):
                raise ConfigError("zone", record.name, f"names in {origin}")
            sets = self._nodes.setdefault(key, {})
            sets[record.rdtype] = (*sets.get(record.rdtype, ()), record)
        # A name above another one exists, if only for that (RFC 8020).
        for key in list(self._nodes):
            for above in suffixes(key):
                if len(above) < len(self.origin):
                    break
                self._nodes.setdefault(above, {})
        soa = self._nodes.get(self.origin, {}).get(Type.SOA, ())
        if len(soa) != 1 or not isinstance(soa[0].data, SOA):
            raise ConfigError("zone", origin, "one SOA record at the origin")
        for key, sets in self._nodes.items():
            if Type.CNAME in sets and (len(sets[Type.CNAME]) > 1 or len(sets) > 1):
                raise ConfigError("zone", name_from_wire(key), "a CNAME record alone with its name")
        self.soa = soa[0]
        self._denial = (self.soa.replace(ttl=min(self.soa.ttl, soa[0].data.minimum)),)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], origin: str | None = None) -> Zone:
        """The zone in a zone file. Without `origin`, the file's $ORIGIN says it, or else the owner of its SOA record.

        Raises ConfigError: the file cannot be read, is no zone file, or dnspython is not installed.
        """
        try:
            import dns.exception
            import dns.zone
            import dns.zonefile
        except ImportError:
            raise ConfigError(
                "zone", str(path), "dnspython, which reads zone files: pip install fastnet-io[dns]"
            ) from None
        try:
            with open(path, encoding="utf-8") as file:
                zone = dns.zone.from_file(file, origin=origin, relativize=False)
        except OSError as error:
            raise ConfigError("zone", str(path), f"a file that can be read ({error.strerror})") from None
        except (dns.exception.DNSException, ValueError) as error:
            raise ConfigError("zone", str(path), f"a zone file ({' '.join(str(error).split())})") from None
        found: list[ResourceRecord] = []
        for name, ttl, data in zone.iterate_rdatas():
            wire = data.to_wire() or b""
            head = name.to_wire() or b""
            fixed = int(data.rdtype).to_bytes(2, "big") + int(data.rdclass).to_bytes(2, "big") + ttl.to_bytes(4, "big")
            message = b"\0\0\x80\0\0\0\0\1\0\0\0\0" + head + fixed + len(wire).to_bytes(2, "big") + wire
            found.extend(Message.parse(message).answers)
        assert zone.origin is not None  # or dnspython would have complained
        return cls(zone.origin.to_text(), found)

    def __len__(self) -> int:
        return sum(len(records) for sets in self._nodes.values() for records in sets.values())

    def answer(self, name: str, rdtype: int) -> Answer:
        """What the zone says about a name in it."""
        answers: list[ResourceRecord] = []
        seen: set[bytes] = set()
        while True:
            key = name_key(name)
            seen.add(key)
            cut, sets, closest = self._find(key, rdtype)
            if cut:
                servers = self._nodes[cut][Type.NS]
                # After an alias the answer is what was found so far, which is ours, and the referral (RFC 1034).
                return Answer(
                    authoritative=bool(answers),
                    answers=tuple(answers),
                    authorities=servers,
                    additionals=self._addresses(servers),
                )
            owner = name
            if sets is None:
                wildcard = self._nodes.get(b"\x01*" + closest)
                if wildcard is None:
                    return Answer(Rcode.NXDOMAIN, answers=tuple(answers), authorities=self._denial)
                sets = wildcard
                found = {
                    kind: tuple(record.replace(name=owner) for record in records) for kind, records in sets.items()
                }
            else:
                # The name as it was asked for, so that its case comes back.
                found = sets
            if Type.CNAME in found and rdtype != Type.CNAME:
                (alias,) = found[Type.CNAME]
                answers.append(alias.replace(name=owner))
                assert isinstance(alias.data, CNAME)
                name = alias.data.target
                target = name_key(name)
                if rdtype == Type.ANY or target in seen or len(seen) >= MAX_ALIASES or not self.holds(target):
                    return Answer(answers=tuple(answers))
                continue
            if rdtype == Type.ANY and found:
                return Answer(answers=(*answers, ResourceRecord(owner, _ANY_TTL_S, _ANY_DATA)))
            if rdtype not in found:
                return Answer(answers=tuple(answers), authorities=self._denial)
            answers.extend(record.replace(name=owner) for record in found[rdtype])
            return Answer(answers=tuple(answers), additionals=self._addresses(found[rdtype]))

    def holds(self, key: bytes) -> bool:
        """Whether a name, as name_key() has it, is in this zone."""
        return key.endswith(self.origin) and self.origin in suffixes(key)

    def _find(self, key: bytes, rdtype: int) -> tuple[bytes, dict[int, Records] | None, bytes]:
        """A cut at or above the name, or b""; what is there, or None: not even names below; the closest encloser."""
        closest = self.origin
        sets: dict[int, Records] | None = None
        for above in reversed(suffixes(key)[: -(len(suffixes(self.origin)) - 1) or None]):
            sets = self._nodes.get(above)
            if sets is None:
                return b"", None, closest
            closest = above
            # Of a cut itself, the parent answers for DS only (RFC 4035, section 3.1.4.1).
            if above != self.origin and Type.NS in sets and not (above == key and rdtype == Type.DS):
                return above, sets, closest
        return b"", sets, closest

    def _addresses(self, records: Records) -> Records:
        """Of the hosts that these records name, where the zone has them, glue included."""
        found: list[ResourceRecord] = []
        asked: set[bytes] = set()
        for record in records:
            data = record.data
            if isinstance(data, MX):
                host = data.exchange
            elif isinstance(data, (NS, SRV)):
                host = data.target
            elif isinstance(data, SVCB):
                host = data.target if data.target != "." else record.name
            else:
                continue
            key = name_key(host)
            if key in asked:
                continue
            asked.add(key)
            sets = self._nodes.get(key, {})
            found += [*sets.get(Type.A, ()), *sets.get(Type.AAAA, ())]
        return tuple(found)


class Zones:
    """Zones by origin. Never changes."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self._zones = {zone.origin: zone for zone in zones}

    def answer(self, name: str, rdtype: int) -> Answer:
        """Of the zone that is closest to the name; REFUSED where there is none, and for transfers."""
        if rdtype in (Type.AXFR, Type.IXFR):
            return REFUSED
        above = suffixes(name_key(name))
        # The DS records of a zone are its parent's, if that is here, too.
        start = 1 if rdtype == Type.DS and any(key in self._zones for key in above[1:]) else 0
        for key in above[start:]:
            zone = self._zones.get(key)
            if zone is not None:
                return zone.answer(name, rdtype)
        return REFUSED
