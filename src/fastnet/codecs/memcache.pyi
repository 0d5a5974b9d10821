"""memcached's text protocol, classic and meta commands, both roles: bytes to messages and messages to bytes.

The protocol is that of memcached's doc/protocol.txt. Where it leaves a choice, the safe one is taken.
"""

from collections.abc import Iterable
from typing import Final, final

from typing_extensions import Buffer

from fastnet.errors import ProtocolError

MAX_KEY_BYTES: Final[int]
MAX_VALUE_BYTES: Final[int]
MAX_LINE_BYTES: Final[int]
VERBS: Final[tuple[str, ...]]
KINDS: Final[tuple[str, ...]]

@final
class Request:
    """What a client asks for.

    Wrong requests are among them: `error` is then the line to answer, without its end, and nothing else counts.
    """

    @property
    def verb(self) -> str:
        """As it stands in the request, one of VERBS; "" if it is none of them."""
    @property
    def keys(self) -> tuple[bytes, ...]:
        """Of get, gets, gat and gats any number; else one or none."""
    @property
    def key(self) -> bytes:
        """The first key, or b""."""
    @property
    def value(self) -> bytes | None:
        """The data block of a storage command."""
    @property
    def client_flags(self) -> int: ...
    @property
    def exptime(self) -> int:
        """Seconds, or a time since 1970, as sent; of flush_all the delay, and -1 for none."""
    @property
    def number(self) -> int:
        """Of cas the cas unique, of incr and decr the delta."""
    @property
    def noreply(self) -> bool: ...
    @property
    def words(self) -> tuple[bytes, ...]:
        """Flags of a meta command; what follows the verb of stats and the like."""
    @property
    def error(self) -> str: ...

@final
class Reply:
    """One line, or one value with its data, of what a server answers."""

    @property
    def kind(self) -> str:
        """One of KINDS: the first word of the line; NUMBER for that of incr and decr."""
    @property
    def key(self) -> bytes:
        """Of VALUE; the name of STAT."""
    @property
    def value(self) -> bytes | None:
        """The data of VALUE and VA."""
    @property
    def client_flags(self) -> int: ...
    @property
    def number(self) -> int | None:
        """The cas unique of VALUE, if there is one; the number of NUMBER."""
    @property
    def text(self) -> bytes:
        """The rest of the line: flags, the value of STAT, what an error says."""
    @property
    def words(self) -> tuple[bytes, ...]:
        """The words of `text`."""

class Decoder:
    """What both directions share."""

    def __init__(
        self, *, max_key_bytes: int = 250, max_value_bytes: int = 1048576, max_line_bytes: int = 65536
    ) -> None:
        """Limits; ConfigError for one that cannot be. An item's size is told by `max_value_bytes`, of its data."""
    @property
    def left(self) -> int: ...
    @property
    def pending(self) -> int:
        """Bytes of a message that is not whole yet."""
    @property
    def error(self) -> ProtocolError | None:
        """What ended the stream."""
    def eof(self) -> None:
        """The stream is at its end. Raises IncompleteFrame inside a message, or what ended the stream before."""

@final
class RequestDecoder(Decoder):
    """A server's: bytes to requests."""

    def feed(self, data: Buffer, /) -> list[Request]:
        """The requests that are whole with these bytes.

        Raises ProtocolError, or LimitExceeded for a line over its limit, when no request can be told from the next one
        any more; if requests came before that, at the next call. RuntimeError when two threads call at once.
        """

@final
class ReplyDecoder(Decoder):
    """A client's: bytes to replies."""

    def feed(self, data: Buffer, /) -> list[Reply]:
        """The replies that are whole with these bytes. Raises as RequestDecoder.feed() does."""

def encode_get(keys: Iterable[bytes | str], verb: str = "get", exptime: int = 0) -> bytes:
    """A request for the values of all `keys`; gets: with their cas uniques; gat, gats: which then live for `exptime`.

    Raises ValueError for a key that cannot be sent, as all functions here do, or for none.
    """

def encode_store(
    verb: str,
    key: bytes | str,
    value: bytes,
    client_flags: int = 0,
    exptime: int = 0,
    cas: int | None = None,
    noreply: bool = False,
) -> bytes:
    """A request to store `value`: set, add, replace, append, prepend, or cas."""

def encode_command(verb: str, *words: bytes | str | int, noreply: bool = False) -> bytes:
    """A request of words only: delete, incr, decr, touch, stats, flush_all, version, verbosity, quit."""

def encode_meta(verb: str, key: bytes | str = b"", flags: Iterable[bytes] = (), value: bytes | None = None) -> bytes:
    """A meta request: mg, md, ma, mn, me, or ms with a value. `flags` have their tokens: b"T30"."""

def encode_value(key: bytes | str, value: bytes, client_flags: int = 0, cas: int | None = None) -> bytes:
    """VALUE, with its data: one hit of get, or with `cas` of gets."""

def encode_meta_value(value: bytes, flags: Iterable[bytes] = ()) -> bytes:
    """VA, with its data: a hit of mg with the flag v."""
