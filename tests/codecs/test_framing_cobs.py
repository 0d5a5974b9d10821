"""COBS, against the package of that name."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_cobs import COBS
from tests.codecs.framings import cuts, same_however_cut

# Its module in Python, by itself: the package would load one in C, for which a free-threaded interpreter takes the GIL.
package = importlib.util.find_spec("cobs")
assert package is not None and package.origin is not None
found = importlib.util.spec_from_file_location("cobs_peer", Path(package.origin).parent / "cobs" / "_cobs_py.py")
assert found is not None and found.loader is not None
peer = importlib.util.module_from_spec(found)
found.loader.exec_module(peer)

some = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([0, 1]), max_size=40).map(bytes),
    st.integers(250, 520).map(lambda n: b"x" * n),
    st.integers(250, 260).map(lambda n: b"x" * n + b"\0y"),
)


@given(frames=st.lists(some, max_size=4), sizes=cuts)
def test_as_the_peer_has_it(frames: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(peer.encode(frame) + b"\0" for frame in frames)
    assert COBS().encode_many(frames) == stream
    assert same_however_cut(COBS(), stream, sizes) == (frames, "", 0)


@given(coded=st.lists(st.integers(1, 6), min_size=1, max_size=12).map(bytes), sizes=cuts)
def test_what_the_peer_refuses_is_refused(coded: bytes, sizes: list[int]) -> None:
    frames, error, _ = same_however_cut(COBS(), b"\x02a\0" + coded + b"\0", sizes)
    try:
        expected, text = [b"a", peer.decode(coded)], ""
    except peer.DecodeError:
        expected, text = [b"a"], "ProtocolError a frame is not stuffed as COBS has it"
    assert (frames, error) == (expected, text)


def test_zeros_alone_are_no_frames() -> None:
    assert same_however_cut(COBS(), b"\0\0\x02a\0\0\x01\0", []) == ([b"a", b""], "", 0)


@pytest.mark.parametrize("limit", [0, 1, 5, 253, 254, 255, 508])
def test_limits_at_below_and_above(limit: int) -> None:
    framing = COBS(max_frame_bytes=limit)
    for n in {max(limit - 1, 0), limit}:
        for frame in (b"x" * n, bytes(n)):
            assert same_however_cut(framing, framing.encode(frame), [100]) == ([frame], "", 0)
    for above in (b"x" * (limit + 1), bytes(limit + 1)):
        frames, error, _ = same_however_cut(framing, b"\x01\0" + COBS().encode(above), [100])
        assert frames == [b""]
        assert error.startswith("LimitExceeded")
        with pytest.raises(ValueError, match=f"the limit is {limit}"):
            framing.encode(above)
