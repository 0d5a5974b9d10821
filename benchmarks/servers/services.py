"""What fastnet serves in the rows of echo, as people write it: a function."""

import fastnet
from fastnet.protocols import Pieces
from fastnet.protocols.base import Datagrams


@fastnet.service(protocol=Pieces, datagram=Datagrams)
def echo(message: bytes) -> bytes:
    return message
