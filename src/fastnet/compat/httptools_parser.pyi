from typing import final

from typing_extensions import Buffer

from fastnet.errors import FastnetError

class HttpParserError(FastnetError):
    """The input is not HTTP as fastnet accepts it."""

class HttpParserCallbackError(HttpParserError):
    """A callback raised: its exception is the __context__ of this one."""

class HttpParserInvalidStatusError(HttpParserError):
    """A response whose status code is none."""

class HttpParserInvalidMethodError(HttpParserError):
    """A request whose method is no token, or longer than 31 bytes."""

class HttpParserInvalidURLError(HttpParserError):
    """A request target or URL that RFC 3986 or RFC 9112 does not allow."""

class HttpParserUpgrade(Exception):
    """What follows is another protocol; the only argument is its offset in the data that was fed."""

REFUSED_LENIENCIES: tuple[str, ...]

class HttpParser:
    """What both parsers do. Made as HttpRequestParser or HttpResponseParser."""

    def __init__(
        self, protocol: object, *, max_line: int = 8190, max_head: int = 65536, max_fields: int = 100
    ) -> None: ...
    def set_dangerous_leniencies(
        self,
        lenient_headers: bool | None = None,
        lenient_chunked_length: bool | None = None,
        lenient_keep_alive: bool | None = None,
        lenient_transfer_encoding: bool | None = None,
        lenient_version: bool | None = None,
        lenient_data_after_close: bool | None = None,
        lenient_optional_lf_after_cr: bool | None = None,
        lenient_optional_cr_before_lf: bool | None = None,
        lenient_optional_crlf_after_chunk: bool | None = None,
        lenient_spaces_after_chunk_size: bool | None = None,
    ) -> None:
        """Accept another message after one that said it was the last (lenient_data_after_close, lenient_keep_alive).

        The other leniencies let two parsers read one message in two ways. They may be None or false; if true, raises
        ConfigError.
        """

    def get_http_version(self) -> str:
        """ "1.1" or "1.0"; "0.0" before the first head."""

    def should_keep_alive(self) -> bool:
        """The connection may be used again after this message. To be asked before on_message_complete returns."""

    def should_upgrade(self) -> bool:
        """The message asks for, or agrees to, another protocol. True from on_headers_complete on."""

    def feed_data(self, data: Buffer) -> None:
        """Parse `data` (bytes-like), calling back for what it completes.

        Raises HttpParserError or one of its classes, and the same again for whatever is fed after it; a callback's
        exception is the __context__ of HttpParserCallbackError. Raises HttpParserUpgrade(offset) behind a message that
        switches protocols: data[offset:] is the other protocol's.
        """

class HttpRequestParser(HttpParser):
    """Parses what a client sends.

    protocol: an object with any of on_message_begin(), on_url(bytes), on_header(name, value), on_headers_complete(),
    on_body(bytes), on_message_complete(), on_chunk_header(), on_chunk_complete(). max_line, max_head (bytes) and
    max_fields are fastnet's own: what is over them is refused with HttpParserError.
    """

    def get_method(self) -> bytes:
        """The method of the request whose head came last; b"" before the first."""

class HttpResponseParser(HttpParser):
    """Parses what a server sends. As HttpRequestParser, with on_status(reason) in the place of on_url()."""

    def get_status_code(self) -> int:
        """The status code of the response whose head came last; 0 before the first."""

@final
class URL:
    """Parts of a URL as bytes, port an int; None for what is missing or empty."""

    schema: bytes | None
    host: bytes | None
    port: int | None
    path: bytes | None
    query: bytes | None
    fragment: bytes | None
    userinfo: bytes | None

def parse_url(url: Buffer) -> URL:
    """Split a URL or an origin-form target into a URL. Raises HttpParserInvalidURLError.

    url: bytes-like, at most 65,535 bytes.
    """
