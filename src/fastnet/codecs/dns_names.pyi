"""DNS names as text and on the wire."""

def name_to_wire(name: str) -> bytes:
    """A name in wire form, without compression, its case kept. Raises ValueError: it is no name."""

def name_from_wire(wire: bytes) -> str:
    """The text of one whole name without compression, with a dot at the end. Raises ValueError."""

def name_key(name: str) -> bytes:
    """What is equal for equal names (RFC 4343): the wire form in lower case. Raises ValueError."""

def siphash(key: bytes, data: bytes) -> bytes:
    """SipHash-2-4 of `data` under a key of 16 bytes, as 8 bytes: what DNS cookies are made of (RFC 9018)."""
