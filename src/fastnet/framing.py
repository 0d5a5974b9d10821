"""Framing, from `fastnet.codecs`: where the messages of a byte stream begin and end, cut as the stream may be.

    framing = LengthPrefixed(4)
    decoder = framing.decoder()
    for frame in decoder.feed(data): ...
    socket.sendall(framing.encode(frame))
"""

from fastnet.codecs.framing import ByteFraming, Decoder, Framing
from fastnet.codecs.framing_length import Fixed, LengthPrefixed, Netstring, Varint
from fastnet.codecs.framing_lines import Delimited, Lines
from fastnet.codecs.framing_memory import Spans

__all__ = [
    "ByteFraming",
    "Decoder",
    "Delimited",
    "Fixed",
    "Framing",
    "LengthPrefixed",
    "Lines",
    "Netstring",
    "Spans",
    "Varint",
]
