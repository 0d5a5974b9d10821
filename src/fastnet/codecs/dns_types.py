"""The numbers of DNS that have names: types, classes, response codes, opcodes and EDNS options.

Fields of messages are plain ints, so that a number without a name is nothing special; these equal them.
"""

from enum import IntEnum


class Type(IntEnum):
    """Types of records and of questions. ANY, AXFR and IXFR are only asked for."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    NAPTR = 35
    DNAME = 39
    OPT = 41
    DS = 43
    SSHFP = 44
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    NSEC3 = 50
    NSEC3PARAM = 51
    TLSA = 52
    SVCB = 64
    HTTPS = 65
    IXFR = 251
    AXFR = 252
    ANY = 255
    CAA = 257


class Class(IntEnum):
    """Classes; nearly all records are of IN."""

    IN = 1
    CH = 3
    HS = 4
    NONE = 254
    ANY = 255


class Rcode(IntEnum):
    """Response codes; those above 15 need EDNS."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16
    BADCOOKIE = 23


class Opcode(IntEnum):
    """Kinds of query."""

    QUERY = 0
    NOTIFY = 4
    UPDATE = 5


class Option(IntEnum):
    """Options of EDNS."""

    NSID = 3
    CLIENT_SUBNET = 8
    COOKIE = 10
    TCP_KEEPALIVE = 11
    PADDING = 12
    EXTENDED_ERROR = 15


def type_name(rdtype: int) -> str:
    """The name of a type; ``TYPE`` and its number where it has none (RFC 3597, section 5)."""
    try:
        return Type(rdtype).name
    except ValueError:
        return f"TYPE{rdtype}"


def type_number(name: str) -> int:
    """The other way, in any case. Raises ValueError."""
    upper = name.upper()
    if upper in Type.__members__:
        return Type[upper].value
    digits = upper.removeprefix("TYPE")
    if digits != upper and digits.isascii() and digits.isdigit() and int(digits) <= 65535:
        return int(digits)
    raise ValueError(f"{name!r} is no type: expected one such as A, MX or TYPE65280")
