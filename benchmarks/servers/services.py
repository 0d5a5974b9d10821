"""What fastnet serves in the rows of echo: the protocols as people write them, in Python."""

import fastnet


class StreamEcho(fastnet.Protocol):
    def receive_data(self, data: bytes) -> None:
        self.write(data)


class DatagramEcho(fastnet.DatagramProtocol):
    def receive_datagram(self, data: bytes, peer: tuple[str, int]) -> None:
        self.send_datagram(data, peer)
