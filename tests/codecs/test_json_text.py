"""What one pass over a JSON text tells of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.json_text import has_small_float, progress, survey

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth_of, inside), default=0)


@given(VALUE, st.booleans())
def test_depth(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace")
    depth, _, lone = survey(text)
    assert depth == depth_of(value) and not lone
    assert progress(text, 0, False) == (0, False)


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        (b"123456789012345678", False),
        (b"1234567890123456789", True),
        (b"[1234567890,1234567890]", False),
        (b'"1234567890123456789"', False),
        (b"1e99", False),
        (b"1e-99", False),
        (b"1E100", True),
        (b"1e+100", True),
        (b"1e-100", True),
        (b"true", False),
    ],
)
def test_wide_numbers(text: bytes, wide: bool) -> None:
    assert survey(text)[1] is wide


@pytest.mark.parametrize(
    ("text", "lone"),
    [
        (rb'"\ud83d\ude00"', False),
        (rb'"\uD83D\uDE00\uD83D\uDE00"', False),
        (rb'"\ud83d"', True),
        (rb'"\ude00"', True),
        (rb'"\ude00\ud83d"', True),
        (rb'"\ud83d\ud83d\ude00"', True),
        (rb'"\ud83d\\ude00"', True),
        (rb'"\\ud83d"', False),
        (rb'"\ud7ff\ue000"', False),
        (rb'"\ud83', False),
        (rb'"\ud83d\u', True),
        (rb'"\ ', False),
        (b'"\\', False),
    ],
)
def test_half_pairs(text: bytes, lone: bool) -> None:
    assert survey(text)[2] is lone


@pytest.mark.parametrize(
    ("text", "small"),
    [
        *(
            (b"1e-7", True),
            (b"1e+16", True),
            (b"1e16", True),
            (b"0.00001", True),
            (b"-0.00002", True),
            (b"0.0001", False),
        ),
        *((b"[true,false,null]", False), (b"10.00001", True), (b"1.00001", False), (b"", False), (b"1.5", False)),
    ],
)
def test_numbers_that_writers_spell_differently(text: bytes, small: bool) -> None:
    assert has_small_float(text) is small


@given(VALUE, st.integers(0, 3))
def test_progress_line_by_line(value: object, indent: int) -> None:
    depth, in_string = 0, False
    lines = json.dumps(value, indent=indent).encode().split(b"\n")
    for line in lines[:-1]:
        depth, in_string = progress(line, depth, in_string)
        assert depth > 0 and not in_string
    assert progress(lines[-1], depth, in_string) == (0, False)
