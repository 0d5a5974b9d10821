"""What all framings share: the doors of a decoder, its memory, errors in their order, threads."""

import asyncio
import gc
import pickle
import socket
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing import ByteFraming, Decoder, Framing
from fastnet.codecs.framing_length import Fixed, LengthPrefixed, Netstring, Varint
from fastnet.codecs.framing_lines import Delimited, Lines
from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded
from tests.codecs.framings import MODES, cuts, feed, plain, same_however_cut

FRAMINGS: list[ByteFraming] = [
    LengthPrefixed(1),
    LengthPrefixed(4),
    LengthPrefixed(3, byteorder="little", inclusive=True),
    LengthPrefixed(2, offset=3),
    Varint(),
    Fixed(7),
    Netstring(),
    Delimited(b"\r\n\r\n"),
    Lines("crlf"),
    Lines("lf"),
    Lines("lenient"),
]
small = LengthPrefixed(1, max_frame_bytes=5)
any_framing = pytest.mark.parametrize("framing", FRAMINGS, ids=repr)


@any_framing
@given(stream=st.binary(max_size=300), sizes=cuts)
def test_any_stream_is_the_same_however_it_is_cut(framing: ByteFraming, stream: bytes, sizes: list[int]) -> None:
    same_however_cut(framing, stream, sizes)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("into", [False, True])
def test_frames_before_a_bad_one_come_first(mode: Any, into: bool) -> None:
    decoder = small.decoder(mode)
    assert plain(feed(decoder, b"\x01a\x02bc\x06", into)) == [b"a", b"bc"]
    assert isinstance(decoder.error, LimitExceeded)
    assert decoder.error.status == 413
    for call in (lambda: decoder.feed(b"\x01a"), decoder.get_buffer, lambda: decoder.feed_into(0), decoder.eof):
        with pytest.raises(LimitExceeded, match="a frame of 6 bytes is announced; the limit is 5"):
            call()
    assert decoder.pending == 0


def test_a_bad_frame_alone_is_raised_at_once() -> None:
    decoder = small.decoder()
    assert decoder.error is None
    with pytest.raises(LimitExceeded):
        decoder.feed(b"\x06")
    with pytest.raises(LimitExceeded):
        decoder.feed(b"")


def test_the_end_inside_a_frame_carries_counts() -> None:
    decoder = LengthPrefixed(4).decoder()
    decoder.eof()
    assert decoder.feed(b"\0\0\0\x05hello\0\0\0\x09abc") == [b"hello"]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert (caught.value.received, caught.value.expected) == (7, 13)
    assert str(caught.value) == "the stream ended inside a frame, after 7 bytes of at least 13"
    assert decoder.feed(b"defghi") == [b"abcdefghi"]
    decoder.eof()
    lines = Lines().decoder()
    lines.feed(b"abc")
    with pytest.raises(IncompleteFrame, match=r"after 3 bytes$") as unknown:
        lines.eof()
    assert unknown.value.expected is None


def test_a_length_over_the_limit_is_refused_before_memory_is_taken() -> None:
    decoder = LengthPrefixed(8, max_frame_bytes=1 << 40).decoder()
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            decoder.feed((1 << 60).to_bytes(8, "big"))
        within = LengthPrefixed(8, max_frame_bytes=1 << 40).decoder()
        within.feed((1 << 39).to_bytes(8, "big") + b"x")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mode", MODES)
def test_large_frames_in_small_pieces(mode: Any) -> None:
    frame = bytes(range(256)) * 4096
    framing = LengthPrefixed(4, max_frame_bytes=len(frame))
    decoder, found = framing.decoder(mode), []
    stream = memoryview(framing.encode_many([frame, frame]))
    for at in range(0, len(stream), 1000):
        found += plain(decoder.feed(stream[at : at + 1000]))
    assert found == [frame, frame]


def test_views_do_not_change() -> None:
    """Neither when the data that was fed changes, nor when the decoder goes on."""
    decoder = LengthPrefixed(1).decoder("views")
    data = bytearray(b"\x03abc\x03de")
    views = decoder.feed(data)
    data[:] = bytes(len(data))
    data.clear()
    for _ in range(100):
        views += decoder.feed(b"f\x03de")
        lent = decoder.get_buffer(1)
        lent[:1] = b"f"
        views += decoder.feed_into(1)
        views += decoder.feed(b"\x03de")
    assert [bytes(view) for view in views] == [b"abc"] + [b"def"] * 200
    assert all(view.readonly for view in views)


def test_views_of_bytes_are_not_copies() -> None:
    data = b"\x03abc\x03def"
    for view in LengthPrefixed(1).decoder("views").feed(data):
        assert view.obj is data


def test_receiving_from_a_socket_without_a_copy() -> None:
    framing = Varint()
    frames = [b"x" * n for n in range(0, 3000, 7)]
    left, right = socket.socketpair()
    decoder, found = framing.decoder(), []
    with left, right:
        left.sendall(framing.encode_many(frames[:200]))
        left.shutdown(socket.SHUT_WR)
        while n := right.recv_into(decoder.get_buffer(777)):
            found += decoder.feed_into(n)
    decoder.eof()
    assert found == frames[:200]


def test_as_asyncio_buffered_protocol() -> None:
    framing = Netstring()
    frames = [bytes([n % 256]) * n for n in range(400)]

    class Receiver(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.decoder, self.found = framing.decoder(), list[bytes]()
            self.ended = asyncio.get_running_loop().create_future()

        def get_buffer(self, sizehint: int) -> memoryview:
            return self.decoder.get_buffer(sizehint)

        def buffer_updated(self, nbytes: int) -> None:
            self.found += self.decoder.feed_into(nbytes)

        def eof_received(self) -> None:
            self.decoder.eof()
            self.ended.set_result(self.found)

    async def run() -> list[bytes]:
        left, right = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, receiver = await loop.create_connection(Receiver, sock=right)
        left.setblocking(False)
        await loop.sock_sendall(left, framing.encode_many(frames))
        left.close()
        found: list[bytes] = await receiver.ended
        transport.close()
        return found

    assert asyncio.run(run()) == frames


def test_what_was_lent() -> None:
    decoder = LengthPrefixed(1).decoder()
    with pytest.raises(ValueError, match="lent 0"):
        decoder.feed_into(1)
    lent = decoder.get_buffer(100)
    assert len(lent) >= 100
    with pytest.raises(ValueError, match="cannot have been received"):
        decoder.feed_into(len(lent) + 1)
    with pytest.raises(ValueError):
        decoder.feed_into(-1)
    lent[:2] = b"\x01a"
    assert decoder.feed_into(2) == [b"a"]
    with pytest.raises(ValueError, match="lent 0"):
        decoder.feed_into(1)
    decoder.get_buffer()
    decoder.feed(b"")
    with pytest.raises(ValueError, match="lent 0"):
        decoder.feed_into(1)


@pytest.mark.parametrize("data", [bytes, bytearray, memoryview])
def test_any_buffer_is_fed_and_encoded(data: Any) -> None:
    framing = LengthPrefixed(1)
    assert framing.decoder().feed(data(b"\x01a")) == [b"a"]
    assert framing.encode(data(b"a")) == b"\x01a"
    assert framing.encode_many(iter([data(b"a"), data(b"")])) == b"\x01a\0"
    assert framing.encode_many([]) == b""


def test_what_has_no_bytes_is_refused_and_changes_nothing() -> None:
    decoder = LengthPrefixed(1).decoder()
    decoder.feed(b"\x02a")
    for wrong in ("b", None, 1):
        with pytest.raises(TypeError):
            decoder.feed(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            decoder.framing.encode(wrong)
    assert decoder.feed(b"b") == [b"ab"]


@any_framing
def test_descriptions_are_values(framing: ByteFraming) -> None:
    again = pickle.loads(pickle.dumps(framing))
    assert again == framing
    assert hash(again) == hash(framing)
    assert repr(again) == repr(framing)
    assert [other for other in FRAMINGS if other == framing] == [framing]
    with pytest.raises(AttributeError):
        framing.max_frame_bytes = 1  # type: ignore[misc]
    assert framing.decoder().framing is framing


def test_the_bases_are_no_framings() -> None:
    for base in (Framing(), ByteFraming()):
        with pytest.raises(TypeError):
            base.decoder()
        with pytest.raises(TypeError):
            base.encode(b"")
    for missing in ((), (None,)):
        with pytest.raises(TypeError):
            Decoder(*missing)
    with pytest.raises(ConfigError, match="frames: 'lists' given, expected 'bytes' or 'views' or 'offsets'"):
        Varint().decoder("lists")  # type: ignore[call-overload]


def use_one_decoder(decoder: Decoder[list[bytes]], piece: bytes, rounds: int) -> tuple[int, int]:
    found = refused = 0
    for _ in range(rounds):
        try:
            found += len(decoder.feed(piece))
            lent = decoder.get_buffer(64)
            lent[: len(piece)] = piece
            found += len(decoder.feed_into(len(piece)))
        except (RuntimeError, ValueError):  # in use by another; or another has taken what was lent
            refused += 1
    return found, refused


def test_eight_threads_on_one_decoder_end_in_errors_at_worst() -> None:
    """And nothing that was found is other than whole."""
    decoder = LengthPrefixed(1).decoder()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: use_one_decoder(decoder, b"\x03abc" * 8, 400), range(8)))
    assert sum(found for found, _ in results) > 0
    assert decoder.pending == 0


@pytest.mark.parametrize("mode", MODES)
def test_eight_threads_with_a_decoder_each(mode: Any) -> None:
    def run(framing: ByteFraming) -> bool:
        frames = [b"x" * framing.max_frame_bytes] if isinstance(framing, Fixed) else [b"a" * 50, b"b" * 900]
        frames = frames if getattr(framing, "offset", 0) == 0 else [b"abc\0\0" + frame for frame in frames]
        frames = frames if framing != LengthPrefixed(1) else [b"", b"c" * 200]
        decoder, stream, found = framing.decoder(mode), framing.encode_many(frames * 20), []
        for at in range(0, len(stream), 333):
            found += plain(decoder.feed(stream[at : at + 333]))
        return [framing.encode(frame) for frame in found] == [framing.encode(frame) for frame in frames * 20]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, FRAMINGS * 8))


@pytest.mark.parametrize("mode", MODES)
def test_memory_stays_flat(mode: Any) -> None:
    framing = LengthPrefixed(2)
    stream = framing.encode_many([b"a" * 100, b"", b"b" * 700])

    def run(rounds: int) -> None:
        for _ in range(rounds):
            decoder = framing.decoder(mode)
            for piece in (stream[:50], stream[50:400], stream[400:], b"\0"):
                decoder.feed(piece)
                lent = decoder.get_buffer(2000)
                lent[:0] = b""
                decoder.feed_into(0)
            try:
                decoder.eof()
            except IncompleteFrame:
                pass

    run(50)
    gc.collect()
    tracemalloc.start()
    try:
        run(20)
        before = tracemalloc.get_traced_memory()[0]
        run(2000)
        gc.collect()
        # A free-threaded interpreter gives memory back later; one forgotten object a round would be 32,000 bytes.
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()
