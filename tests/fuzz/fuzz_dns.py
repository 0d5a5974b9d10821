"""python tests/fuzz/fuzz_dns.py SECONDS: dnspython and fastnet.codecs.dns agree on any message.

What we accept, dnspython accepts, and both read the same in it; what we write of it, both read as the same again, and
so is every message that it is cut to. Runs under atheris, over a build of any kind; with FASTNET_SANITIZE the extension
is watched, too.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["tests.codecs.dns_oracle", "fastnet"]):
    from fastnet.codecs.dns import Message
    from fastnet.errors import ProtocolError
    from tests.codecs.dns_oracle import ours, theirs

import dns.exception

MOST_BYTES = 700
# dnspython gives the sections of an update another meaning, and knows more types, whose data we leave as they are.
UPDATE = 5 << 11


def one_input(wire: bytes) -> None:
    try:
        message = Message.parse(wire)
    except ProtocolError:
        return
    again = message.encode()
    assert Message.parse(again) == message, wire
    for size in (len(again) - 1, len(again) // 2, 60):
        try:
            less = message.encode(size)
        except ValueError:
            continue
        assert len(less) <= size and Message.parse(less).id == message.id
    if message.flags & 0x7800 == UPDATE:
        return
    try:
        expected = theirs(wire)
    except (dns.exception.DNSException, ValueError, NotImplementedError):
        return
    found = ours(wire)
    assert found[:3] == expected[:3] and found[3][0] == expected[3][0], (found, expected)
    for mine, other in zip(found[3][1:], expected[3][1:], strict=True):
        assert [r[:4] for r in mine] == [r[:4] for r in other], (mine, other)
    assert (found[4] is None) == (expected[4] is None)


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    kept = tempfile.mkdtemp(prefix="fuzz_dns")  # what is found goes here, not into the tree
    corpus = str(Path(__file__).resolve().parents[2] / "csrc" / "fuzz" / "corpus" / "fuzz_dns")
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", "-timeout=20", f"-max_len={MOST_BYTES}", "-runs=-1", kept, corpus],
        one_input,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
