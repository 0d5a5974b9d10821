"""Names as text and on the wire agree with dnspython, and keep to their limits."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.dns_names import name_from_wire, name_key, name_to_wire, siphash

LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=6).filter(lambda n: sum(map(len, n)) + len(n) < 255)


@given(LABELS)
def test_any_name_goes_there_and_back_as_dnspython_has_it(labels):
    name = dns.name.Name([*labels, b""])
    wire, text = name.to_wire(), name.to_text()
    assert name_from_wire(wire) == text
    assert name_to_wire(text) == wire == name_to_wire(text.removesuffix(".") if labels and text != "." else text)
    assert name_key(text) == name.canonicalize().to_wire()


@given(st.text(alphabet="ab.\\0129é ", max_size=12))
def test_any_text_is_a_name_to_both_or_to_neither(text):
    try:
        expected = (
            dns.name.from_text(text, idna_codec=dns.name.IDNA_2003).to_wire() if text.isascii() and text else None
        )
    except dns.exception.DNSException:
        expected = None
    if text in ("@",) or expected is None:
        with pytest.raises(ValueError, match="is no domain name"):
            name_to_wire(text)
    else:
        assert name_to_wire(text) == expected


def test_limits_of_labels_and_names():
    for size in (62, 63):
        assert len(name_to_wire("x" * size)) == size + 2
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        name_to_wire("x" * 64)
    three = ".".join(["x" * 63] * 3)
    for size in (60, 61):
        assert len(name_to_wire(f"{three}.{'x' * size}")) == 194 + size
    with pytest.raises(ValueError, match="at most 255"):
        name_to_wire(f"{three}.{'x' * 62}")


@pytest.mark.parametrize("wire", [b"", b"\x01a", b"\x01a\0\0", b"\xc0\x00", b"\x40\0", b"\xc0"])
def test_bytes_that_are_no_name(wire):
    with pytest.raises(ValueError, match="is no domain name in wire form"):
        name_from_wire(wire)


def test_a_name_that_is_not_ascii_says_what_to_do():
    with pytest.raises(ValueError, match="encode with IDNA first"):
        name_to_wire("bücher.example")
    with pytest.raises(TypeError):
        name_to_wire(None)


def test_the_published_siphash():
    assert siphash(bytes(range(16)), bytes(range(15))).hex() == "e545be4961ca29a1"
    with pytest.raises(ValueError, match="16 bytes"):
        siphash(b"short", b"")
