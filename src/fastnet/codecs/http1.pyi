"""HTTP/1.1 heads (RFC 9112): parsed in one C call into offsets, read lazily."""

from typing import TypedDict, TypeVar, final, overload

from typing_extensions import Buffer

_T = TypeVar("_T")

class _CPU(TypedDict):
    available: list[str]
    used: str

def cpu() -> _CPU:
    """Instruction sets of the kernels that this machine can run, and the one in use."""

class Head:
    """What requests and responses share: the version and the fields."""

    @property
    def size(self) -> int:
        """Bytes of the head."""
    @property
    def version(self) -> str:
        """"1.1" or "1.0"."""
    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All fields in their order: (lower-cased name, value). A new list each time."""
    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """All fields in their order, names as they were sent. A new list each time."""
    @overload
    def get(self, name: str) -> bytes | None:
        """Value of the first field of that name (any case) as bytes, or None."""
    @overload
    def get(self, name: str, default: _T) -> bytes | _T:
        """Value of the first field of that name (any case) as bytes, or `default`."""
    def get_all(self, name: str) -> list[bytes]:
        """Values of every field of that name (any case), in their order."""
    def __len__(self) -> int:
        """Number of field lines."""
    @property
    def content_length(self) -> int | None:
        """Value of Content-Length in bytes, or None."""
    @property
    def chunked(self) -> bool:
        """The body is sent with Transfer-Encoding: chunked."""
    @property
    def keep_alive(self) -> bool:
        """The sender lets the connection be used again (RFC 9112, section 9.3)."""
    @property
    def upgrade(self) -> bool:
        """The sender asks to switch protocols: Connection has "upgrade" and there is an Upgrade field."""

@final
class Request(Head):
    """A request head. Made by parse_request(), parse_requests() and server connections."""

    @property
    def method(self) -> str:
        """The method, case kept: any token."""
    @property
    def target(self) -> str:
        """The request target as it was sent: "/path?query", "http://host/path", "host:443" or "*"."""
    @property
    def path(self) -> bytes:
        """The target up to the first "?", still percent-encoded."""
    @property
    def query(self) -> bytes:
        """What follows the first "?" of the target; b"" when there is none."""
    @property
    def host(self) -> bytes | None:
        """Value of the Host field, or None (HTTP/1.0)."""
    @property
    def authority(self) -> bytes | None:
        """host[:port] that the request is for: of an absolute-form target ("http://host/path") that of the target, and
        Host does not count (RFC 9112, section 3.2.2); else the value of Host."""
    @property
    def expect_continue(self) -> bool:
        """The client waits for 100 (Continue) before it sends the body."""

@final
class Response(Head):
    """A response head. Made by parse_response() and client connections."""

    @property
    def status(self) -> int:
        """The status code, 100 to 599."""
    @property
    def reason(self) -> bytes:
        """The reason phrase; may be empty."""

@final
class Limits:
    """What a head may have at most; one byte or field more is refused.

    max_line: bytes of the request or status line; max_head: bytes of the field lines; max_fields: their number.
    """

    def __init__(self, max_line: int = 8190, max_head: int = 65536, max_fields: int = 100) -> None: ...

def parse_request(data: Buffer, start: int = 0, limits: Limits | None = None) -> Request | None:
    """Parse the request head at data[start:] (RFC 9112, section 3).

    data: bytes (kept by reference: nothing is copied) or any other bytes-like object (the head is copied).
    Returns a Request, whose `size` is the length of the head in bytes, or None when more input is needed. Raises
    ProtocolError, or LimitExceeded, whose `status` is the answer due.
    """

def parse_response(data: Buffer, start: int = 0, limits: Limits | None = None) -> Response | None:
    """Parse the response head at data[start:] (RFC 9112, section 4). Otherwise like parse_request()."""

def parse_requests(data: bytes, most: int = 1024, limits: Limits | None = None) -> tuple[list[Request], int]:
    """Parse pipelined requests: up to `most` heads that follow each other in `data`.

    Stops behind a head that announces a body, which is the last of the list. Returns (requests, bytes consumed).
    Raises ProtocolError at the first bad head only if it is the first of all; else it is left unconsumed, so that the
    good ones before it are answered first.
    """

@final
class URL:
    """Parts of a URL, as bytes, as they were written (RFC 3986, section 3); None for a missing part, port an int."""

    @property
    def scheme(self) -> bytes | None: ...
    @property
    def userinfo(self) -> bytes | None: ...
    @property
    def host(self) -> bytes | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def path(self) -> bytes: ...
    @property
    def query(self) -> bytes | None: ...
    @property
    def fragment(self) -> bytes | None: ...

def parse_url(data: bytes | str, authority_only: bool = False) -> URL:
    """Split a URL, an origin-form target ("/path?query") or, with authority_only, a CONNECT target ("host:port").

    data: bytes or str (ASCII). The host of "[::1]" is b"::1". Raises ProtocolError (status 400) for anything that
    RFC 3986 does not allow.
    """
