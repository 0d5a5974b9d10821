"""Preconditions, ranges and codings of file answers: each rule of RFC 9110, sections 12.5.3, 13 and 14, as a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.apps.file_answers import MAX_RANGES, accepted_codings, http_date, precondition, ranges

TAG, MODIFIED = '"a1-b"', 784111777
DATE, BEFORE, AFTER = (http_date(MODIFIED + d).encode() for d in (0, -1, 1))


def test_http_date():
    assert http_date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 0),
        ({"if-match": b'"a1-b"'}, 0),
        ({"if-match": b'"x", "a1-b"'}, 0),
        ({"if-match": b"*"}, 0),
        ({"if-match": b'W/"a1-b"'}, 412),  # compares strongly
        ({"if-match": b'"x"'}, 412),
        ({"if-match": b"nonsense"}, 412),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": DATE}, 0),
        ({"if-unmodified-since": b"nonsense"}, 0),
        ({"if-match": b'"a1-b"', "if-unmodified-since": BEFORE}, 0),  # the tag is the better condition
        ({"if-none-match": b'"a1-b"'}, 304),
        ({"if-none-match": b'W/"a1-b"'}, 304),  # compares weakly
        ({"if-none-match": b'"x,y" , W/"a1-b"'}, 304),
        ({"if-none-match": b"*"}, 304),
        ({"if-none-match": b'"x"'}, 0),
        ({"if-none-match": b'"a1-b'}, 0),
        ({"if-modified-since": DATE}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": BEFORE}, 0),
        ({"if-modified-since": b"Sunday, 06-Nov-94 08:49:37 GMT"}, 304),
        ({"if-modified-since": b"Sun Nov  6 08:49:37 1994"}, 304),
        ({"if-modified-since": b"\xff"}, 0),
        ({"if-modified-since": DATE, "if-none-match": b'"x"'}, 0),
        ({"if-match": b'"x"', "if-none-match": b'"a1-b"'}, 412),
    ],
)
def test_preconditions(fields, status):
    assert precondition(fields.get, TAG, MODIFIED) == status


@pytest.mark.parametrize(
    ("field", "parts"),
    [
        (b"bytes=0-4", [(0, 5)]),
        (b"BYTES=0-4", [(0, 5)]),
        (b"bytes=5-", [(5, 5)]),
        (b"bytes=-3", [(7, 3)]),
        (b"bytes=-30", [(0, 10)]),
        (b"bytes=9-9", [(9, 1)]),
        (b"bytes=0-99", [(0, 10)]),
        (b"bytes=0-0,-1", [(0, 1), (9, 1)]),
        (b"bytes=8-9, 0-1", [(8, 2), (0, 2)]),
        (b"bytes=0-1,50-60", [(0, 2)]),
        (b"bytes=10-", []),
        (b"bytes=10-20,30-", []),
        (b"bytes=-0", []),
        (b"bytes=0-5,5-6", None),  # overlap
        (b"bytes=5-4", None),
        (b"bytes=-", None),
        (b"bytes=a-b", None),
        (b"bytes=1-2;3-4", None),
        (b"bytes=", None),
        (b"items=0-4", None),
        (b"bytes=" + b"9" * 19 + b"-", []),
        (b"bytes=" + b"9" * 20 + b"-", None),
    ],
)
def test_ranges(field, parts):
    assert ranges({"range": field}.get, 10, TAG, MODIFIED) == parts


@pytest.mark.parametrize("n", [MAX_RANGES - 1, MAX_RANGES, MAX_RANGES + 1])
def test_so_many_ranges_and_no_more(n):
    field = b"bytes=" + b",".join(b"%d-%d" % (2 * i, 2 * i) for i in range(n))
    parts = ranges({"range": field}.get, 1000, TAG, MODIFIED)
    assert (parts is None) == (n > MAX_RANGES)
    assert parts is None or parts == [(2 * i, 1) for i in range(n)]


@pytest.mark.parametrize(
    ("condition", "whole"),
    [
        (b'"a1-b"', False),
        (b'W/"a1-b"', True),
        (b'"x"', True),
        (DATE, False),
        (BEFORE, True),
        (AFTER, True),
        (b"nonsense", True),
    ],
)
def test_if_range(condition, whole):
    parts = ranges({"range": b"bytes=1-2", "if-range": condition}.get, 10, TAG, MODIFIED)
    assert parts == (None if whole else [(1, 2)])


@given(field=st.binary(max_size=40), size=st.integers(0, 100))
def test_ranges_are_within_the_file(field, size):
    for first, n in ranges({"range": b"bytes=" + field}.get, size, TAG, MODIFIED) or []:
        assert 0 <= first < first + n <= size


@pytest.mark.parametrize(
    ("field", "codings"),
    [
        (None, {}),
        (b"", {}),
        (b"gzip, br", {"gzip": 1.0, "br": 1.0}),
        (b"GZip;q=0.5 ,br ; q=1.000", {"gzip": 0.5, "br": 1.0}),
        (b"gzip;q=0, *", {"br": 1.0, "zstd": 1.0}),
        (b"*;q=0.1, br", {"br": 1.0, "zstd": 0.1, "gzip": 0.1}),
        (b"*;q=0", {}),
        (b"gzip;q=2, br;q=x", {}),
        (b"identity", {"identity": 1.0}),
    ],
)
def test_accepted_codings(field, codings):
    assert accepted_codings(field) == codings
