"""DNS over UDP, with what was said to the last questions ready to be sent again."""

from typing import final

from fastnet.apps.dns_responder import Responder
from fastnet.protocols.base import DatagramProtocol

@final
class DnsDatagrams(DatagramProtocol):
    """One UDP socket of a DNS server. It looks at `responder.zones` for each query: new ones take effect at once."""

    def __init__(self, responder: Responder) -> None: ...
    @property
    def hits(self) -> int:
        """Queries answered from what was said before."""
