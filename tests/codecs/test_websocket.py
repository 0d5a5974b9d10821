"""WebSocket frames (RFC 6455, section 5) as bytes: what each MUST says of them, in pieces of any size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.websocket import Close, Decoder, Encoder, Ping, Pong, mask
from fastnet.errors import ConfigError, LimitExceeded, ProtocolError
from tests.codecs.websocket_frames import KEY, frame


def read(wire: bytes, sizes: list[int] | None = None, **options: Any) -> tuple[list[object], str]:
    """What a decoder makes of it, in pieces of these sizes, over and over; None: whole."""
    decoder = Decoder(**options)
    events: list[object] = []
    at = turn = 0
    try:
        while at < len(wire):
            step = len(wire) if sizes is None else sizes[turn % len(sizes)]
            events += decoder.feed(wire[at : at + step])
            at, turn = at + step, turn + 1
        decoder.feed(b"")
    except ProtocolError as error:
        assert type(decoder.error) is type(error)
        with pytest.raises(type(error)):
            decoder.feed(b"more")
        return events, f"{error.status} {error}"
    return events, ""


def always(wire: bytes, **options: Any) -> tuple[list[object], str]:
    """read(), and that every way to cut it gives the same."""
    whole = read(wire, **options)
    for sizes in ([1], [2], [7], [1, 13]):
        assert read(wire, sizes, **options) == whole
    return whole


def test_the_examples_of_the_rfc() -> None:
    """Section 5.7."""
    assert always(bytes.fromhex("81 05 48 65 6c 6c 6f"), client=True) == (["Hello"], "")
    assert always(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")) == (["Hello"], "")
    assert always(bytes.fromhex("01 03 48 65 6c 80 02 6c 6f"), client=True) == (["Hello"], "")
    assert always(bytes.fromhex("89 05 48 65 6c 6c 6f"), client=True) == ([Ping(b"Hello")], "")
    assert always(bytes.fromhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")) == ([Pong(b"Hello")], "")
    assert always(bytes.fromhex("82 7e 01 00") + bytes(256), client=True) == ([bytes(256)], "")
    assert read(bytes.fromhex("82 7f 00 00 00 00 00 01 00 00") + bytes(65536), client=True) == ([bytes(65536)], "")


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 125, 126, 127, 1000, 65535, 65536, 65537])
@pytest.mark.parametrize("client", [False, True])
def test_every_length_comes_back(n: int, client: bool) -> None:
    encoder = Encoder(client=client)
    messages: list[Any] = ["x" * n, "ä" * (n // 2), bytes(range(256)) * (n // 256) + b"\xff" * (n % 256)]
    wire = b"".join(map(encoder.encode, messages))
    for sizes in (None, [1000], [4096, 1]):
        assert read(wire, sizes, client=not client) == (messages, "")
    assert encoder.encode(bytearray(b"abc"))[1] & 0x7F == len(encoder.encode(memoryview(b"abc"))) - 2 - 4 * client == 3


def test_a_client_masks_with_keys_that_differ() -> None:
    encoder = Encoder(client=True)
    keys = {encoder.encode(b"")[2:6] for _ in range(1000)}
    assert len(keys) > 990
    assert mask(b"abcdefg", b"\0\0\0\0") == b"abcdefg"
    assert mask(mask(b"abcdefg", KEY), KEY) == b"abcdefg"
    with pytest.raises(ValueError, match="four bytes"):
        mask(b"", b"abc")


RULES: dict[str, tuple[bytes, bool, int, str]] = {
    # what is wrong: the frames, whether a client reads them, the code to close with, a part of the text
    "5.1 a client's frames are masked": (frame(0x81, b"a", None), False, 1002, "not masked"),
    "5.1 a server's frames are not": (frame(0x81, b"a"), True, 1002, "is masked"),
    "5.2 RSV1": (frame(0xC1), False, 1002, "reserved bit"),
    "5.2 RSV2": (frame(0xA1), False, 1002, "reserved bit"),
    "5.2 RSV3": (frame(0x91), False, 1002, "reserved bit"),
    "5.2 opcode 3": (frame(0x83), False, 1002, "reserved opcode"),
    "5.2 opcode 7": (frame(0x87), False, 1002, "reserved opcode"),
    "5.2 opcode 11": (frame(0x8B), False, 1002, "reserved opcode"),
    "5.2 opcode 15": (frame(0x8F), False, 1002, "reserved opcode"),
    "5.2 two bytes for a short length": (frame(0x82, b"a", length=b"\x7e\0\x01"), False, 1002, "fewest bytes"),
    "5.2 eight bytes for a shorter length": (
        frame(0x82, bytes(300), length=b"\x7f" + (300).to_bytes(8, "big")),
        False,
        1002,
        "fewest bytes",
    ),
    "5.2 the highest bit of a length": (frame(0x82, length=b"\x7f\x80" + bytes(7)), False, 1002, "highest bit"),
    "5.4 a continuation of nothing": (frame(0x80, b"a"), False, 1002, "begins with a continuation"),
    "5.4 a continuation after the end": (frame(0x81, b"a") + frame(0x80, b"a"), False, 1002, "begins with"),
    "5.4 a message within a message": (frame(0x01, b"a") + frame(0x81, b"b"), False, 1002, "begins before"),
    "5.5 a long ping": (frame(0x89, bytes(126)), False, 1002, "125"),
    "5.5 a long close": (frame(0x88, b"\x03\xe8" + bytes(124)), False, 1002, "125"),
    "5.5 a ping in fragments": (frame(0x09), False, 1002, "fragmented"),
    "5.5.1 half a code": (frame(0x88, b"\x03"), False, 1002, "half a code"),
    "5.5.1 a reason that is no text": (frame(0x88, b"\x03\xe8\xff"), False, 1007, "not UTF-8"),
    "5.6 a text that is no text": (frame(0x81, b"a\xffb"), False, 1007, "not UTF-8"),
    "5.6 a surrogate": (frame(0x81, b"\xed\xa0\x80"), False, 1007, "not UTF-8"),
    "5.6 longer than need be": (frame(0x81, b"\xc0\x80"), False, 1007, "not UTF-8"),
    "5.6 beyond Unicode": (frame(0x81, b"\xf4\x90\x80\x80"), False, 1007, "not UTF-8"),
    "8.1 a wrong byte in a fragment": (frame(0x01, b"a\xff") + frame(0x80), False, 1007, "not UTF-8"),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules(rule: str) -> None:
    wire, client, code, text = RULES[rule]
    good = frame(0x82, b"good", None if client else KEY)
    events, error = always(good + wire, client=client)
    assert events[0] == b"good"
    assert error.startswith(f"{code} ")
    assert text in error


def test_half_a_character_at_the_end() -> None:
    assert always(frame(0x81, b"a\xe2\x82"))[1] == "1007 a text is not UTF-8"
    assert always(frame(0x01, b"a\xe2\x82") + frame(0x80, b"\xac")) == (["a€"], "")
    assert always(frame(0x01, b"a\xe2\x82") + frame(0x80, b""))[1] == "1007 a text is not UTF-8"


CODES = [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999]


@pytest.mark.parametrize("code", CODES)
def test_codes_that_may_be_sent(code: int) -> None:
    """Section 7.4."""
    close = Close(code, "bye ☃")
    assert always(Encoder(client=True).encode(close)) == ([close], "")


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_codes_that_may_not(code: int) -> None:
    assert always(frame(0x88, code.to_bytes(2, "big"))) == ([], f"1002 a Close has the code {code}")
    if code != 1005:
        with pytest.raises(ValueError, match=str(code)):
            Close(code)


def test_closes() -> None:
    assert Close() == Close(1005) != Close(1000) and Close().reason == ""
    assert {Close(), Close(1005)} == {Close()} and {Ping(), Pong()} == {Pong(), Ping()}
    assert Encoder().encode(Close()) == b"\x88\0"
    assert always(frame(0x88)) == ([Close()], "")
    decoder = Decoder()
    assert decoder.feed(frame(0x88) + b"\xff\xff\xff") == [Close()]
    assert decoder.closed
    assert decoder.feed(b"anything") == []
    assert Close(1000, "x" * 123).reason == "x" * 123
    for arguments in ((1000, "x" * 124), (1005, "x"), (1000, "☃" * 42)):
        with pytest.raises(ValueError):
            Close(*arguments)
    with pytest.raises(ValueError, match="125"):
        Ping(bytes(126))
    assert repr(Close(1000, "a")) == "Close(1000, 'a')"
    assert repr(Ping(b"a")) == "Ping(b'a')"


def test_control_frames_between_fragments() -> None:
    """Section 5.4."""
    wire = frame(0x01, b"a") + frame(0x89, b"!" * 125) + frame(0x00, b"b") + frame(0x8A) + frame(0x80, b"c")
    assert always(wire) == ([Ping(b"!" * 125), Pong(), "abc"], "")


def test_fragments_are_written() -> None:
    encoder = Encoder(client=True)
    wire = encoder.fragment("a", first=True) + encoder.fragment("ä") + encoder.fragment("", final=True)
    wire += encoder.fragment(b"1", first=True) + encoder.fragment(memoryview(b"2"), final=True)
    assert always(wire) == (["aä", b"12"], "")


def test_limits_at_below_and_above() -> None:
    for n in (9, 10, 11):
        for wire in (frame(0x82, bytes(n)), frame(0x02, bytes(4)) + frame(0x00) + frame(0x80, bytes(n - 4))):
            events, error = always(wire, max_message_bytes=10)
            assert (events, error[:4]) == (([bytes(n)], "") if n <= 10 else ([], "1009"))
        events, error = always(frame(0x02, bytes(n)) + frame(0x80, bytes(n)), max_frame_bytes=10)
        assert (events, error[:4]) == (([bytes(2 * n)], "") if n <= 10 else ([], "1009"))
        wire = frame(0x02, b"a") + frame(0x00, b"a") * (n - 2) + frame(0x80, b"a")
        events, error = always(wire, max_fragments=10)
        assert (events, error[:4]) == (([b"a" * n], "") if n <= 10 else ([], "1009"))


def test_a_limit_is_known_before_what_goes_over_it_comes() -> None:
    decoder = Decoder(max_message_bytes=1000)
    with pytest.raises(LimitExceeded, match="2000"):
        decoder.feed(frame(0x82, bytes(2000))[:8])


def test_a_wrong_byte_is_known_as_it_comes() -> None:
    """Section 8.1: an endpoint may fail at once, and so it does."""
    decoder = Decoder()
    wire = frame(0x81, b"ab\xed\xa0\x80" + bytes(1000))
    assert decoder.feed(wire[: 8 + 3]) == []
    with pytest.raises(ProtocolError, match="UTF-8"):
        decoder.feed(wire[8 + 3 : 8 + 4])
    assert not Decoder().is_unfinished
    decoder = Decoder()
    decoder.feed(b"\x81")
    assert decoder.is_unfinished


@pytest.mark.parametrize("options", [{"max_message_bytes": 0}, {"max_frame_bytes": -1}, {"max_fragments": "1"}])
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Decoder(**options)


def test_what_is_no_message() -> None:
    with pytest.raises(TypeError, match="int"):
        Encoder().encode(1)  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        Encoder().encode("\ud800")


pieces = st.lists(st.integers(1, 40), min_size=1, max_size=6)
messages = st.one_of(
    st.text(max_size=200),
    st.text("ab", max_size=200),
    st.binary(max_size=300),
    st.builds(Ping, st.binary(max_size=125)),
    st.builds(Pong, st.binary(max_size=125)),
)


@given(sent=st.lists(messages, max_size=8), sizes=pieces, client=st.booleans())
def test_what_is_written_is_read_however_it_is_cut(sent: list[Any], sizes: list[int], client: bool) -> None:
    wire = b"".join(map(Encoder(client=client).encode, sent))
    assert read(wire, sizes, client=not client) == read(wire, client=not client) == (sent, "")


@given(wire=st.binary(max_size=80), sizes=pieces, first=st.sampled_from([0x81, 0x82, 0x01, 0x88, 0x89]))
def test_anything_is_the_same_however_it_is_cut(wire: bytes, sizes: list[int], first: int) -> None:
    wire = bytes([first]) + wire
    for client in (False, True):
        assert read(wire, sizes, client=client) == read(wire, client=client)


@given(text=st.text(max_size=60).map(str.encode), spoil=st.integers(0, 60), byte=st.integers(0, 255), sizes=pieces)
def test_texts_are_what_python_takes_for_utf8(text: bytes, spoil: int, byte: int, sizes: list[int]) -> None:
    payload = text[:spoil] + bytes([byte]) + text[spoil:]
    try:
        want: tuple[list[object], str] = [payload.decode()], ""
    except UnicodeDecodeError:
        want = [], "1007 a text"
    for wire in (frame(0x81, payload), frame(0x01, payload[:spoil]) + frame(0x80, payload[spoil:])):
        for cut in (sizes, None):
            events, error = read(wire, cut)
            assert (events, error[:11]) == want
