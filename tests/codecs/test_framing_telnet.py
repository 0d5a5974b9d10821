"""Telnet: commands between data, however the stream is cut."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_telnet import Telnet, TelnetCommand
from fastnet.errors import IncompleteFrame
from tests.codecs.framings import cuts, outcome, pieces_of

plain_commands = st.sampled_from([*range(236, 240), *range(241, 250)]).map(TelnetCommand)
negotiations = st.builds(TelnetCommand, st.integers(251, 254), st.integers(0, 255))
subnegotiations = st.builds(TelnetCommand, st.just(250), st.integers(0, 255), st.binary(max_size=30))
many = st.lists(
    st.one_of(st.binary(min_size=1, max_size=30), plain_commands, negotiations, subnegotiations), max_size=8
)


def joined(frames: list[Any]) -> list[Any]:
    """Runs of data that follow each other as one."""
    out: list[Any] = []
    for frame in frames:
        if isinstance(frame, bytes) and out and isinstance(out[-1], bytes):
            out[-1] += frame
        else:
            out.append(frame)
    return out


def same(framing: Telnet, stream: bytes, sizes: list[int]) -> tuple[list[Any], str]:
    whole = None
    for pieces in ([stream], pieces_of(stream, sizes), pieces_of(stream, [])):
        for into in (False, True):
            frames, error, _ = outcome(framing, pieces, "bytes", into)
            assert whole in (None, (joined(frames), error))
            whole = joined(frames), error
    assert whole is not None
    return whole


@given(sent=many, sizes=cuts)
def test_data_and_commands_come_back(sent: list[Any], sizes: list[int]) -> None:
    assert same(Telnet(), Telnet().encode_many(sent), sizes) == (joined(sent), "")


@given(stream=st.lists(st.sampled_from([255, 250, 240, 251, 241, 1, 97]), max_size=30).map(bytes), sizes=cuts)
def test_any_stream_is_the_same_however_it_is_cut(stream: bytes, sizes: list[int]) -> None:
    same(Telnet(max_frame_bytes=6), stream, sizes)


def test_as_on_the_wire() -> None:
    stream = b"login: \xff\xfd\x18\xff\xfa\x18\x00VT\xff\xff100\xff\xf0\xff\xff!\xff\xf9"
    expected = [
        b"login: ",
        TelnetCommand(253, 24),
        TelnetCommand(250, 24, b"\0VT\xff100"),
        b"\xff!",
        TelnetCommand(249),
    ]
    assert same(Telnet(), stream, []) == (expected, "")


@pytest.mark.parametrize(
    "wrong", [b"\xff\x01", b"\xff\xf0", b"\xff\xeb", b"\xff\xfa\x01ab\xff\xf1", b"\xff\xfa\x01\xff\xfa"]
)
def test_wrong_commands(wrong: bytes) -> None:
    assert same(Telnet(), b"data" + wrong, []) == ([b"data"], "ProtocolError there is no such Telnet command")


def test_limits_of_subnegotiations_at_below_and_above() -> None:
    framing = Telnet(max_frame_bytes=4)
    for data in (b"abc", b"abcd", b"\xff\xff"):
        command = TelnetCommand(250, 1, data)
        assert same(framing, framing.encode(command), []) == ([command], "")
    for data in (b"abcde", b"ab\xff\xff"):
        above = TelnetCommand(250, 1, data)
        with pytest.raises(ValueError, match="cannot be sent"):
            framing.encode(above)
        frames, error = same(framing, b"x" * 100 + Telnet().encode(above), [])
        assert (frames, error.partition(" ")[0]) == ([b"x" * 100], "LimitExceeded")


@pytest.mark.parametrize("wrong", [(1, None, b""), (251, None, b""), (241, 1, b""), (240, None, b""), (255, None, b"")])
def test_commands_that_cannot_be_sent(wrong: Any) -> None:
    with pytest.raises(ValueError):
        Telnet().encode(TelnetCommand(*wrong))


def test_the_end_inside_a_subnegotiation_however_it_is_cut() -> None:
    assert same(Telnet(), b"\xff\xfa\xff\xfa", [])[1].endswith("after 4 bytes of at least 5")
    assert same(Telnet(), b"\xff\xfa\xff\xfa\xff", [])[1].endswith("after 5 bytes")


def test_the_end_inside_a_command() -> None:
    decoder = Telnet().decoder()
    assert decoder.feed(b"a\xff\xfb") == [b"a"]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert (caught.value.received, caught.value.expected) == (2, 3)
