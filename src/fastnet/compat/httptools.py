"""httptools, as far as its users see it, over fastnet's parser: `from fastnet.compat import httptools`.

Names, callbacks and exceptions are httptools'; a message that both accept calls back the same, joined pieces of URLs,
reasons and bodies compared. fastnet is stricter. It refuses, with HttpParserError: versions but 1.0 and 1.1, no Host or
two in a 1.1 request, Transfer-Encoding beside Content-Length or other than chunked, two Content-Length, folded lines,
a bare CR or LF, Expect but 100-continue, targets and URLs that RFC 3986 does not allow, and whatever is over a limit:
max_line=8190, max_head=65536 bytes, max_fields=100, keywords of the parsers. Any token of up to 31 bytes is a method.
"""

from typing import Protocol

from fastnet.compat import httptools_parser as parser
from fastnet.compat.httptools_parser import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidStatusError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
    HttpResponseParser,
    parse_url,
)

__all__ = (
    "HTTPProtocol",
    "HttpParserCallbackError",
    "HttpParserError",
    "HttpParserInvalidMethodError",
    "HttpParserInvalidStatusError",
    "HttpParserInvalidURLError",
    "HttpParserUpgrade",
    "HttpRequestParser",
    "HttpResponseParser",
    "__version__",
    "parse_url",
    "parser",
)

# The version of httptools whose interface this is.
__version__ = "0.9.0"


class HTTPProtocol(Protocol):
    """The callbacks, for type checkers; a parser calls those that its protocol has."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...
    def on_chunk_header(self) -> None: ...
    def on_chunk_complete(self) -> None: ...
    def on_status(self, status: bytes) -> None: ...
