"""An output buffer that touches small bytes once and large ones never; for the other compiled modules."""

from typing import final

@final
class OutBuffer:
    """Bytes waiting to be sent, in order. Internal to connections."""
