"""What fastnet serves in the rows of echo, as people write it: a function, and for UDP a protocol of one method."""

import fastnet
from fastnet.protocols import Pieces


@fastnet.service(protocol=Pieces)
def echo(message: bytes) -> bytes:
    return message


class DatagramEcho(fastnet.DatagramProtocol):
    def receive_datagram(self, data: bytes, peer: tuple[str, int]) -> None:
        self.send_datagram(data, peer)
