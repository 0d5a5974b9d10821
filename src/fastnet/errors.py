"""The one family of errors. Catch `FastnetError` for everything that fastnet raises on its own account.

    FastnetError
        ProtocolError       the peer broke the rules of a protocol
            LimitExceeded   the peer stayed within the rules but went over one of our limits
            IncompleteFrame the peer ended its stream inside a frame
        ConfigError         an option has a value it cannot have
        StartupError        serving could not begin
        ClientDisconnected  (an OSError, too) an application sends to a client that is gone
        BufferFull          more waits for a peer that does not read than may

The text of each tells a person what to do about it, in one line.
"""

__all__ = [
    "BufferFull",
    "ClientDisconnected",
    "ConfigError",
    "FastnetError",
    "IncompleteFrame",
    "LimitExceeded",
    "ProtocolError",
    "StartupError",
]


class FastnetError(Exception):
    """Base of everything that fastnet raises on its own account."""


class ProtocolError(FastnetError):
    """The peer broke the rules. `status` is the status or reply code to answer with (HTTP: 400 to 599)."""

    status: int = 400  # also of those whose __init__ is that of another base, such as ValueError

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message, status)  # every argument, so that pickle can make it again
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else (self.__doc__ or "")


class LimitExceeded(ProtocolError):
    """The peer went over a limit; `status` as in ProtocolError (HTTP: 413, 414 or 431)."""


class IncompleteFrame(ProtocolError):
    """The peer ended its stream inside a frame, of which `received` bytes came.

    `expected` is how many it has at least, as far as these bytes tell; None where only an end mark would.
    """

    def __init__(self, received: int, expected: int | None = None) -> None:
        super().__init__("")
        self.args = (received, expected)
        self.received = received
        self.expected = expected

    def __str__(self) -> str:
        of = "" if self.expected is None else f" of at least {self.expected}"
        return f"the stream ended inside a frame, after {self.received} bytes{of}"


class ConfigError(FastnetError):
    """Option `option` was given `value`, where `expected` says what would be right."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(option, value, expected)
        self.option = option
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.option}: {self.value!r} given, expected {self.expected}"


class StartupError(FastnetError):
    """Serving could not begin: the address is taken, the application does not load, its startup failed.

    The message is one line for a person, without a traceback; `details` holds further lines (the frames of the
    application that raised), possibly none.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message, details)
        self.details = details

    def __str__(self) -> str:
        return str(self.args[0])


class ClientDisconnected(FastnetError, OSError):
    """An application sends to a client that is gone. Frameworks know it as an OSError."""


class BufferFull(FastnetError):
    """As much as may waits already for a peer that does not read. Send later, leave it out, or close the connection."""
