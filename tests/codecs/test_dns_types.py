"""Numbers and their names, both ways, against dnspython."""

import dns.rdatatype
import pytest

from fastnet.codecs.dns_types import Rcode, Type, type_name, type_number


def test_names_are_the_registered_ones():
    for kind in Type:
        assert dns.rdatatype.from_text(kind.name) == kind


def test_a_type_without_a_name_has_its_number():
    assert type_name(65280) == "TYPE65280" and type_number("TYPE65280") == 65280
    assert type_name(28) == "AAAA" and type_number("aaaa") == 28
    assert type_number("TYPE1") == 1 == Type.A and Rcode.NXDOMAIN == 3


@pytest.mark.parametrize("text", ["", "TYPE", "TYPE65536", "TYPE-1", "NOSUCH", "TYPE１"])
def test_what_is_no_type(text):
    with pytest.raises(ValueError, match="is no type"):
        type_number(text)
