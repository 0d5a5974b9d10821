"""The Zen of Python as a service: a line asks, a line answers.

fastnet serve examples.zen:zen --bind tcp://127.0.0.1:1060 --bind unix:/tmp/zen.sock --bind udp://127.0.0.1:1060
printf 'Beautiful is better than?\\n' | nc -q1 127.0.0.1 1060
"""

import fastnet
from fastnet.errors import ProtocolError
from fastnet.framing import Delimited
from fastnet.protocols.base import Datagrams

ANSWERS = {
    b"Beautiful is better than": b"Ugly.",
    b"Explicit is better than": b"Implicit.",
    b"Simple is better than": b"Complex.",
}


@fastnet.service(framing=Delimited(b"\n", max_frame_bytes=200), datagram=Datagrams)
def zen(question: bytes) -> bytes:
    if not question.endswith(b"?"):
        raise ProtocolError("a question ends with a question mark")
    return ANSWERS.get(question[:-1], b"I do not know.")
