"""The sending half of an HTTP/1.1 connection; for compiled code."""

class Sender:
    """What is being sent; see http1_sender.pxd."""

    @property
    def answering(self) -> bool:
        """A request was handed out (client: sent) and its answer is not complete."""
    @property
    def head_sent(self) -> bool: ...
    @property
    def keep_alive(self) -> bool:
        """The connection goes on after this exchange."""
    @property
    def aborted(self) -> bool:
        """Broken off: what was queued is worthless, and the connection is to be closed at once."""
    @property
    def eof(self) -> bool:
        """The peer will send nothing more."""
    @property
    def status(self) -> int:
        """Of the answer; 0: none yet."""
    @property
    def answer_bytes(self) -> int:
        """Body bytes sent so far."""
