"""Framing, from `fastnet.codecs`: where the messages of a byte stream begin and end, cut as the stream may be.

framing = LengthPrefixed(4)
decoder = framing.decoder()
for frame in decoder.feed(data): ...
socket.sendall(framing.encode(frame))
"""

from fastnet.codecs.framing import ByteFraming, Decoder, Framing
from fastnet.codecs.framing_bodies import CountedBody, LinesWithLiterals
from fastnet.codecs.framing_cobs import COBS
from fastnet.codecs.framing_length import Fixed, LengthPrefixed, Netstring, Varint
from fastnet.codecs.framing_lines import Delimited, Lines
from fastnet.codecs.framing_memory import Spans
from fastnet.codecs.framing_telnet import Telnet, TelnetCommand
from fastnet.codecs.framing_text import DotStuffed, Replies, Reply
from fastnet.codecs.framing_wrapped import Checksummed, Compressed

__all__ = [
    "COBS",
    "ByteFraming",
    "Checksummed",
    "Compressed",
    "CountedBody",
    "Decoder",
    "Delimited",
    "DotStuffed",
    "Fixed",
    "Framing",
    "LengthPrefixed",
    "Lines",
    "LinesWithLiterals",
    "Netstring",
    "Replies",
    "Reply",
    "Spans",
    "Telnet",
    "TelnetCommand",
    "Varint",
]
