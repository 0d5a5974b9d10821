"""Connections of memcached's text protocol, without I/O: a server's and a client's."""

from collections.abc import Iterable
from typing import Any, Final, final

from fastnet.errors import FastnetError
from fastnet.protocols.base import Protocol

VALUES: Final = "values"
LINE: Final = "line"
STATS: Final = "stats"

class ServerRefused(FastnetError):
    """The server answered ERROR, CLIENT_ERROR or SERVER_ERROR: its text. The connection goes on."""

class ServerConnection(Protocol):
    """A server's side of a connection. Its events are codecs.memcache.Request; send() takes the bytes of an answer.

    Requests are answered in order. What cannot be trusted any more raises ProtocolError or LimitExceeded from
    next_event(); fail() has the line for the client. `quit` closes, and is no event.
    """

    def __init__(
        self,
        *,
        max_key_bytes: int = 250,
        max_value_bytes: int = 1048576,
        max_line_bytes: int = 65536,
        max_output_bytes: int = 262144,
        request_timeout_s: float = 30.0,
        idle_timeout_s: float = 0.0,
    ) -> None:
        """Limits, sizes in bytes, times in seconds; ConfigError for one that cannot be.

        max_output_bytes: answers wait for a client that does not read them before no more of its requests are;
        request_timeout_s: from the first byte of a request to its last; idle_timeout_s: between requests; 0: for ever.
        """
    @property
    def max_output_bytes(self) -> int: ...

@final
class Values:
    """What a get found: values by key; client flags, where they are not 0; cas uniques, where they were asked for."""

    @property
    def values(self) -> dict[Any, bytes]: ...
    @property
    def flags(self) -> dict[Any, int]: ...
    @property
    def cas(self) -> dict[Any, int]: ...
    def __len__(self) -> int: ...

class ClientConnection(Protocol):
    """A client's side of a connection: request(), then next_event() gives each request's whole reply, in order.

    A reply is Values, codecs.memcache.Reply, a dict of stats, or a ServerRefused, which is returned, not raised. Raises
    ProtocolError for a server that breaks the rules, LimitExceeded for one that sends too much.

    >>> client = ClientConnection()
    >>> client.request(b"get a b\\r\\n", VALUES)
    >>> client.data_to_send()
    [b'get a b\\r\\n']
    >>> client.receive_data(b"VALUE a 0 2\\r\\nhi\\r\\nEND\\r\\n")
    >>> client.next_event().values
    {b'a': b'hi'}
    """

    def __init__(
        self, *, max_value_bytes: int = 67108864, max_line_bytes: int = 65536, max_reply_bytes: int = 268435456
    ) -> None:
        """Limits in bytes: of a value, of a line, and of all that answers one request."""
    @property
    def max_reply_bytes(self) -> int: ...
    def request(self, data: bytes, shape: str = "line") -> None:
        """Queue a request, encoded, whose reply is VALUES (get and the like), STATS, or one LINE, value included.

        The keys of Values are bytes. Of what has no reply (noreply, the flag q), nothing is to be told: write() it, or
        end it with an `mn`.
        """
    def request_values(self, keys: Iterable[bytes | str], verb: str = "get", exptime: int = 0) -> None:
        """Queue a get, gets, gat or gats, encoded as codecs.memcache.encode_get() does; raises ValueError as it does.

        The keys of its Values are those that were given, str or bytes.
        """
    @property
    def due(self) -> int:
        """Replies that are still to come."""
    def next_event(self) -> Any: ...
