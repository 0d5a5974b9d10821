"""Replies with codes, dot-stuffed text: as the RFCs write them, however the stream is cut; smuggling is refused."""

import ftplib
import io
import smtplib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_text import DotStuffed, Replies, Reply
from fastnet.errors import ConfigError
from tests.codecs.framings import cuts, outcome, same_however_cut

text_lines = st.lists(st.binary(max_size=20).filter(lambda line: not set(line) & set(b"\r\n")), min_size=1, max_size=5)
replies = st.builds(Reply, st.integers(100, 699), text_lines.map(tuple))
streams = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"250", b"-", b" "]), max_size=25).map(b"".join)


@pytest.mark.parametrize("style", ["smtp", "ftp"])
@pytest.mark.parametrize("ending", ["crlf", "lf", "lenient"])
@given(sent=st.lists(replies, max_size=4), sizes=cuts)
def test_replies_come_back(style: Any, ending: Any, sent: list[Reply], sizes: list[int]) -> None:
    framing = Replies(style, ending=ending)
    assert same_however_cut(framing, framing.encode_many(sent), sizes) == (sent, "", 0)


@pytest.mark.parametrize("style", ["smtp", "ftp"])
@given(stream=streams, sizes=cuts)
def test_any_stream_of_replies_is_the_same_however_it_is_cut(style: Any, stream: bytes, sizes: list[int]) -> None:
    same_however_cut(Replies(style, max_line_bytes=12, max_frame_bytes=30), stream, sizes)


@given(sent=st.lists(replies, min_size=1, max_size=3))
def test_replies_as_smtplib_reads_them(sent: list[Reply]) -> None:
    client = smtplib.SMTP()
    client.file = io.BytesIO(Replies().encode_many(sent))
    for reply in sent:
        code, text = client.getreply()
        assert (code, text.split(b"\n")) == (reply.code, [line.strip(b" \t\r\n") for line in reply.lines])


def test_ftp_as_its_rfc_has_it() -> None:
    stream = b"211-Features:\r\n MDTM\r\n 211 is text here\r\n211-and so\r\n250 is not its code\r\n211 End\r\n220 x\r\n"
    client = ftplib.FTP()
    client.file = io.TextIOWrapper(io.BytesIO(stream), newline="\r\n")  # type: ignore[assignment]
    whole = client.getmultiline()
    frames, error, _ = same_however_cut(Replies("ftp"), stream, [])
    first = Reply(211, (b"Features:", b" MDTM", b" 211 is text here", b"and so", b"250 is not its code", b"End"))
    assert (frames, error) == ([first, Reply(220, (b"x",))], "")
    assert [line.removeprefix("211-").removeprefix("211 ").encode() for line in whole.split("\n")] == list(first.lines)
    _, error, _ = outcome(Replies("smtp"), [stream])
    assert error.startswith("ProtocolError a line of a reply does not begin with its three digits")


@pytest.mark.parametrize(
    "wrong", [b"25 x\r\n", b"2500 x\r\n", b"abc x\r\n", b"050 x\r\n", b"750 x\r\n", b"\r\n", b"250_x\r\n"]
)
def test_lines_that_are_no_replies(wrong: bytes) -> None:
    for style in ("smtp", "ftp"):
        frames, error, _ = same_however_cut(Replies(style), b"250 ok\r\n" + wrong, [])  # type: ignore[arg-type]
        assert (frames, error.partition(" ")[0]) == ([Reply(250, (b"ok",))], "ProtocolError")


def test_a_code_alone_is_a_reply() -> None:
    assert outcome(Replies(), [b"250\r\n250-a\r\n250\r\n"])[0] == [Reply(250, (b"",)), Reply(250, (b"a", b""))]


@pytest.mark.parametrize("wrong", [(99, [b""]), (700, [b""]), (250, []), (250, [b"a\r\nb"]), (250, [b"a\n250 b"])])
def test_replies_that_cannot_be_sent(wrong: Any) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        Replies().encode(wrong)


def test_limits_of_replies_at_below_and_above() -> None:
    framing = Replies(max_line_bytes=10, max_frame_bytes=24)
    for good in (b"250 456789\r\n", b"250-456789\r\n250 456789\r\n"):  # at the line's and at the frame's limit
        assert same_however_cut(framing, good + good, [])[1] == ""
    for above in (b"250 4567890\r\n", b"250-456789\r\n250-45678\r\n250 \r\n", b"250-4567890", b"2" * 12):
        frames, error, _ = same_however_cut(framing, b"220\r\n" + above, [])
        assert frames == [Reply(220, (b"",))]
        assert ("LimitExceeded" in error) == (above != b"250-4567890")
    with pytest.raises(ValueError):
        framing.encode((250, [b"4567890"]))


@given(text=streams, sizes=cuts)
def test_text_comes_back_with_its_last_line_ended(text: bytes, sizes: list[int]) -> None:
    clean = text.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
    ended = clean if clean.endswith(b"\r\n") or not clean else clean + b"\r\n"
    framing = DotStuffed()
    sent = framing.encode_many([clean, clean])
    assert same_however_cut(framing, sent, sizes) == ([ended, ended], "", 0)
    if clean:  # for no text at all, smtplib sends an empty line
        quoted = smtplib._quote_periods(ended)  # type: ignore[attr-defined]
        assert framing.encode(clean) == quoted + b".\r\n"


@pytest.mark.parametrize("allow_bare", [False, True])
@given(stream=streams, sizes=cuts)
def test_any_text_is_the_same_however_it_is_cut(allow_bare: bool, stream: bytes, sizes: list[int]) -> None:
    same_however_cut(DotStuffed(allow_bare=allow_bare, max_frame_bytes=12), stream, sizes)


@given(text=streams)
def test_bare_line_ends_come_back_where_they_are_allowed(text: bytes) -> None:
    framing = DotStuffed(allow_bare=True)
    (found,), error, _ = outcome(framing, [framing.encode(text)])
    assert (found, error) == (text if text.endswith(b"\r\n") or not text else text + b"\r\n", "")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r"])
def test_a_second_message_is_not_smuggled_in(end: bytes) -> None:
    """CVE-2023-51764 and its kin: ends that some take for the end of the text, and others do not."""
    stream = b"a" + end + b"MAIL FROM:<b>\r\n.\r\n"
    frames, error, _ = same_however_cut(DotStuffed(), stream, [])
    assert (frames, error) == ([], "ProtocolError a CR or LF stands by itself")
    assert same_however_cut(DotStuffed(allow_bare=True), stream, []) == (
        [stream[:-3].replace(b"\r\n.", b"\r\n")],
        "",
        0,
    )
    with pytest.raises(ValueError, match="by itself"):
        DotStuffed().encode(stream[:-3])


def test_limits_of_text_at_below_and_above() -> None:
    for text in (b"", b"a\r\n", b"..\r\n"):
        assert same_however_cut(DotStuffed(max_frame_bytes=len(text)), text + b".\r\n", [])[1] == ""
    for above in (b"ab\r\n.\r\n", b"a\r\n\r\n.\r\n", b"abcdefgh", b"..\r\n.\r\n"):
        assert "LimitExceeded" in same_however_cut(DotStuffed(max_frame_bytes=3), above, [])[1]
    assert DotStuffed(max_frame_bytes=4).encode(b".") == b"..\r\n.\r\n"
    with pytest.raises(ValueError, match="a text of 4 bytes"):
        DotStuffed(max_frame_bytes=3).encode(b".")


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConfigError, match="style: 'nntp' given, expected 'smtp' or 'ftp'"):
        Replies("nntp")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="max_line_bytes: 2 given"):
        Replies(max_line_bytes=2)
    with pytest.raises(ConfigError, match="ending: 'cr' given"):
        Replies(ending="cr")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="frames: 'views' given, expected 'bytes'"):
        DotStuffed().decoder("views")  # type: ignore[arg-type]
