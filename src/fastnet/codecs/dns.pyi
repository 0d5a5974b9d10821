"""DNS messages (RFC 1035, RFC 6891).

Every class here is a value: it never changes, can be compared, hashed and pickled. Names are compared byte by byte.
"""

from collections.abc import Iterable
from typing import Any, final

from fastnet.codecs.dns_data import Data

@final
class Question:
    """What is asked. Raises ValueError for what is no name, or a number over 65535."""

    def __init__(self, name: str, rdtype: int, rdclass: int = 1) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def rdtype(self) -> int: ...
    @property
    def rdclass(self) -> int: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ResourceRecord:
    """One record. Raises ValueError for what is no name, or a number out of range."""

    def __init__(self, name: str, ttl: int, data: Data, rdclass: int = 1) -> None: ...
    @property
    def name(self) -> str:
        """The owner."""
    @property
    def rdtype(self) -> int: ...
    @property
    def rdclass(self) -> int: ...
    @property
    def ttl(self) -> int:
        """In seconds, as it was sent: from 0 to 2**32 - 1."""
    @property
    def data(self) -> Data:
        """Read when it is first asked for."""
    def replace(self, *, name: str | None = None, ttl: int | None = None) -> ResourceRecord:
        """The same with another owner or TTL."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Edns:
    """What a message's OPT record says (RFC 6891). `options` are pairs of a code and bytes."""

    def __init__(
        self,
        payload_size: int = 1232,
        *,
        version: int = 0,
        dnssec_ok: bool = False,
        options: Iterable[tuple[int, bytes]] = (),
        flags: int = 0,
    ) -> None: ...
    @property
    def payload_size(self) -> int:
        """The longest UDP message, in bytes, that the sender can take."""
    @property
    def version(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def dnssec_ok(self) -> bool: ...
    @property
    def options(self) -> tuple[tuple[int, bytes], ...]: ...
    def option(self, code: int) -> bytes | None:
        """The first option with this code."""
    @property
    def cookie(self) -> bytes | None:
        """The COOKIE option (RFC 7873): 8 bytes of the client, perhaps 8 to 32 of the server."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def edns_of(payload_size: int, version: int, flags: int, options: Iterable[tuple[int, bytes]]) -> Edns:
    """For pickle."""

@final
class Message:
    """One message. Raises ValueError for a number out of range, or an rcode over 15 without EDNS."""

    def __init__(
        self,
        id: int = 0,
        *,
        is_response: bool = False,
        opcode: int = 0,
        authoritative: bool = False,
        truncated: bool = False,
        recursion_desired: bool = False,
        recursion_available: bool = False,
        authentic_data: bool = False,
        checking_disabled: bool = False,
        rcode: int = 0,
        questions: Iterable[Question] = (),
        answers: Iterable[ResourceRecord] = (),
        authorities: Iterable[ResourceRecord] = (),
        additionals: Iterable[ResourceRecord] = (),
        edns: Edns | None = None,
    ) -> None: ...
    @staticmethod
    def parse(data: bytes | bytearray | memoryview, /) -> Message:
        """The message that `data` is, all of it checked.

        Raises:
            ProtocolError: it is malformed; `status` is the rcode to answer with, FORMERR.
            LimitExceeded: it has more than 65,535 bytes.
        """
    @staticmethod
    def query(
        name: str,
        rdtype: int,
        *,
        id: int = 0,
        rdclass: int = 1,
        recursion_desired: bool = True,
        edns: Edns | None = None,
    ) -> Message:
        """A message that asks one question."""
    def response(
        self,
        *,
        rcode: int = 0,
        authoritative: bool = False,
        truncated: bool = False,
        recursion_available: bool = False,
        answers: Iterable[ResourceRecord] = (),
        authorities: Iterable[ResourceRecord] = (),
        additionals: Iterable[ResourceRecord] = (),
        edns: Edns | None = None,
    ) -> Message:
        """An answer to this one: its id, question, opcode, and its flags RD and CD."""
    @property
    def id(self) -> int: ...
    @property
    def flags(self) -> int:
        """All flags, with opcode and the lower four bits of the rcode, as they are sent."""
    @property
    def edns(self) -> Edns | None:
        """None when there is no OPT record, which `additionals` leaves out."""
    @property
    def questions(self) -> tuple[Question, ...]: ...
    @property
    def answers(self) -> tuple[ResourceRecord, ...]: ...
    @property
    def authorities(self) -> tuple[ResourceRecord, ...]: ...
    @property
    def additionals(self) -> tuple[ResourceRecord, ...]: ...
    @property
    def opcode(self) -> int: ...
    @property
    def rcode(self) -> int:
        """With the upper eight bits that EDNS adds."""
    @property
    def is_response(self) -> bool: ...
    @property
    def authoritative(self) -> bool: ...
    @property
    def truncated(self) -> bool: ...
    @property
    def recursion_desired(self) -> bool: ...
    @property
    def recursion_available(self) -> bool: ...
    @property
    def authentic_data(self) -> bool: ...
    @property
    def checking_disabled(self) -> bool: ...
    def encode(self, max_bytes: int = 65535) -> bytes:
        """The message on the wire, names compressed.

        What does not fit is left out from the end, whole sets of records; TC is set when the receiver needs them:
        always, but for additional records that are not the addresses of a referral's servers. The OPT record stays.

        Raises:
            ValueError: not even header, question and OPT record fit, or data given as bytes are not of their type.
        """
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def message_of(wire: bytes) -> Message:
    """For pickle."""
