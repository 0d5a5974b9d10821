"""One request's way through the server, moment by moment, for `--trace`."""

from typing import final

MOMENTS: tuple[str, ...]
"""In the order in which they come, mostly."""

@final
class Way:
    """One request."""

    def mark(self, moment: str) -> None:
        """Note that a moment has come, if it had not."""

@final
class Tracer:
    """Writes to a file what the connections of this process tell. StartupError if it cannot be opened."""

    def __init__(self, path: str) -> None: ...
    def way_of(self, client: tuple[str, int] | None) -> Way:
        """The request that a client's connection is at; of a Unix socket, whose clients have no name, the last one."""

class TracedChannel: ...
@final
class Trail: ...
