"""The data of DNS records, by their type. Each raises ValueError for a field that cannot be sent."""

from collections.abc import Iterable, Mapping
from typing import Any, final

class Data:
    """Base of all data: values that never change, are hashable, and equal others of the same type and fields."""

    @property
    def rdtype(self) -> int:
        """The type of a record with these data."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

class Address(Data):
    """An IP address."""

    @property
    def packed(self) -> bytes:
        """As 4 or 16 bytes."""

@final
class A(Address):
    """An IPv4 address (RFC 1035)."""

    def __init__(self, address: str) -> None: ...
    @property
    def address(self) -> str:
        """As text."""


@final
class AAAA(Address):
    """An IPv6 address (RFC 3596)."""

    def __init__(self, address: str) -> None: ...
    @property
    def address(self) -> str:
        """As text, in the shortest form (RFC 5952)."""

class Target(Data):
    """Another name."""

    def __init__(self, target: str) -> None: ...
    @property
    def target(self) -> str: ...

@final
class NS(Target):
    """A server of the zone."""

@final
class CNAME(Target):
    """The name that this one is an alias of."""

@final
class PTR(Target):
    """The name of an address."""

@final
class MX(Data):
    """A server that takes mail; the lowest preference is tried first (RFC 5321, section 5.1)."""

    def __init__(self, preference: int, exchange: str) -> None: ...
    @property
    def preference(self) -> int: ...
    @property
    def exchange(self) -> str: ...

@final
class SOA(Data):
    """The beginning of a zone; times in seconds, `minimum` that of negative answers (RFC 2308)."""

    def __init__(
        self, mname: str, rname: str, serial: int, refresh: int, retry: int, expire: int, minimum: int
    ) -> None: ...
    @property
    def mname(self) -> str: ...
    @property
    def rname(self) -> str: ...
    @property
    def serial(self) -> int: ...
    @property
    def refresh(self) -> int: ...
    @property
    def retry(self) -> int: ...
    @property
    def expire(self) -> int: ...
    @property
    def minimum(self) -> int: ...

@final
class TXT(Data):
    """Strings of at most 255 bytes each, at least one."""

    def __init__(self, strings: Iterable[bytes]) -> None: ...
    @property
    def strings(self) -> tuple[bytes, ...]: ...

@final
class SRV(Data):
    """Where a service is (RFC 2782)."""

    def __init__(self, priority: int, weight: int, port: int, target: str) -> None: ...
    @property
    def priority(self) -> int: ...
    @property
    def weight(self) -> int: ...
    @property
    def port(self) -> int: ...
    @property
    def target(self) -> str: ...

@final
class CAA(Data):
    """Who may issue certificates (RFC 8659)."""

    def __init__(self, flags: int, tag: bytes, value: bytes) -> None: ...
    @property
    def flags(self) -> int: ...
    @property
    def tag(self) -> bytes: ...
    @property
    def value(self) -> bytes: ...

class SVCB(Data):
    """How a service is reached (RFC 9460). `params` maps numbers of keys to values as they are sent."""

    def __init__(
        self, priority: int, target: str, params: Mapping[int, bytes] | Iterable[tuple[int, bytes]] = ()
    ) -> None: ...
    @property
    def priority(self) -> int:
        """0: `target` is an alias."""
    @property
    def target(self) -> str: ...
    @property
    def params(self) -> tuple[tuple[int, bytes], ...]:
        """By ascending key."""
    @property
    def mandatory(self) -> tuple[int, ...]: ...
    @property
    def alpn(self) -> tuple[bytes, ...]: ...
    @property
    def port(self) -> int | None: ...
    @property
    def ipv4hint(self) -> tuple[str, ...]: ...
    @property
    def ipv6hint(self) -> tuple[str, ...]: ...

@final
class HTTPS(SVCB):
    """The same for HTTP."""

@final
class Unknown(Data):
    """Data of a type that is not known here, or in a class that gives them another meaning (RFC 3597)."""

    def __init__(self, rdtype: int, data: bytes) -> None: ...
    @property
    def rdtype(self) -> int: ...
    @property
    def data(self) -> bytes: ...
