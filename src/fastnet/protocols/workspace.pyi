"""What the HTTP/1.1 connections of one listener, and of one thread, have in common."""

from typing import final

@final
class Settings:
    """Limits (bytes, counts) and deadlines (seconds) of HTTP/1.1 connections.

    Sizes are the largest accepted. 0 means no limit for max_body and "never" for a deadline. body_timeout and
    write_timeout are both the longest silence and the grace after which the average must have reached min_rate
    (bytes/s), so that a peer that trickles is dropped as surely as one that is silent.
    """

    def __init__(
        self,
        *,
        max_request_line: int = 8190,
        max_header_bytes: int = 65536,
        max_headers: int = 100,
        max_body: int = 0,
        max_chunk_extensions: int = 4096,
        max_trailer_bytes: int = 8192,
        max_pipelined: int = 64,
        max_output: int = 262144,
        first_byte_timeout: float = 15,
        head_timeout: float = 10,
        body_timeout: float = 20,
        min_rate: float = 500,
        keepalive_timeout: float = 60,
        write_timeout: float = 30,
        http2: bool = False,
        max_streams: int = 100,
        stream_window: int = 131072,
        max_resets: int = 200,
        max_control: int = 1000,
        max_continuations: int = 32,
    ) -> None: ...
    @property
    def http2(self) -> bool: ...
    @property
    def max_streams(self) -> int: ...
    @property
    def stream_window(self) -> int: ...
    @property
    def max_resets(self) -> int: ...
    @property
    def max_control(self) -> int: ...
    @property
    def max_continuations(self) -> int: ...
    @property
    def max_extensions(self) -> int: ...
    @property
    def max_body(self) -> int: ...
    @property
    def max_output(self) -> int: ...
    @property
    def max_pipelined(self) -> int: ...
    @property
    def first_byte_timeout(self) -> float: ...
    @property
    def head_timeout(self) -> float: ...
    @property
    def keepalive_timeout(self) -> float: ...
    @property
    def body_timeout(self) -> float: ...
    @property
    def write_timeout(self) -> float: ...
    @property
    def min_rate(self) -> float: ...

@final
class Workspace:
    """Scratch space of the connections that one thread serves; never used by two threads at once.

    server: value of the Server field of every answer; b"": none is sent.
    """

    def __init__(self, settings: Settings, server: bytes = b"") -> None: ...
    @property
    def settings(self) -> Settings: ...
