"""A cache by memcached's meta commands: flags, who wins, what is stale, quiet mode."""

import pytest

from tests.apps.test_memcache import Session, conversation


def test_getting() -> None:
    conversation(
        (b"mg a v\r\n", b"EN\r\n"),
        (b"mg a k O12 v\r\n", b"EN ka O12\r\n"),
        (b"mg a q v\r\n", b""),
        (b"ms a 2 T30 F5 c\r\nhi\r\n", b"HD c1\r\n"),
        (b"mg a\r\n", b"HD\r\n"),
        (b"mg a q\r\n", b"HD\r\n"),
        (b"mg a s v t f k Oabc c\r\n", b"VA 2 s2 t30 f5 ka Oabc c1\r\nhi\r\n"),
        (b"mg a T90 t l h\r\n", b"HD t90 l0 h1\r\n"),
        (b"mg a T-1\r\n", b"HD\r\n"),
        (b"mg a\r\n", b"EN\r\n"),
    )


def test_setting() -> None:
    conversation(
        (b"ms a 1 ME\r\n1\r\n", b"HD\r\n"),
        (b"ms a 1 ME\r\n2\r\n", b"NS\r\n"),
        (b"ms a 1 MA\r\n3\r\n", b"HD\r\n"),
        (b"ms a 1 MP\r\n0\r\n", b"HD\r\n"),
        (b"mg a v\r\n", b"VA 3\r\n013\r\n"),
        (b"ms b 1 MR\r\n0\r\n", b"NS\r\n"),
        (b"ms b 1 MA\r\n0\r\n", b"NS\r\n"),
        (b"ms b 1 MA N30\r\n0\r\n", b"HD\r\n"),
        (b"mg b v t\r\n", b"VA 1 t30\r\n0\r\n"),
        (b"ms a 1 MS q\r\nx\r\n", b""),
        (b"ms a 1 ME q k\r\nx\r\n", b"NS ka\r\n"),
        (b"ms a 1 E99 c\r\nx\r\n", b"HD c99\r\n"),
        (b"ms a 1 C98\r\ny\r\n", b"EX\r\n"),
        (b"ms a 1 C99\r\ny\r\n", b"HD\r\n"),
        (b"ms c 1 C99\r\ny\r\n", b"NF\r\n"),
        (b"ms a 1 MX\r\ny\r\n", b"CLIENT_ERROR invalid mode for ms M token\r\n"),
    )


def test_deleting() -> None:
    conversation(
        (b"md a\r\n", b"NF\r\n"),
        (b"ms a 1 E5\r\nx\r\n", b"HD\r\n"),
        (b"md a C4\r\n", b"EX\r\n"),
        (b"md a C5 q\r\n", b""),
        (b"md a k O9\r\n", b"NF ka O9\r\n"),
        (b"ms a 1 F7\r\nx\r\n", b"HD\r\n"),
        (b"md a x\r\n", b"HD\r\n"),
        (b"mg a v f\r\n", b"VA 0 f0\r\n\r\n"),
    )


def test_counting() -> None:
    conversation(
        (b"ma n\r\n", b"NF\r\n"),
        (b"ma n N0 J13 v\r\n", b"VA 2\r\n13\r\n"),
        (b"ma n D10 v t\r\n", b"VA 2 t-1\r\n23\r\n"),
        (b"ma n MD D100 v\r\n", b"VA 1\r\n0\r\n"),
        (b"ma n M+ T30 t\r\n", b"HD t30\r\n"),
        (b"ma n q v\r\n", b""),
        (b"mg n v\r\n", b"VA 2\r\n2 \r\n"),
        (b"ma n MX\r\n", b"CLIENT_ERROR invalid mode for ma M token\r\n"),
        (b"ma n Dx\r\n", b"CLIENT_ERROR bad token in command line format\r\n"),
        (b"ma n C1\r\n", b"EX\r\n"),
        (b"ms n 1\r\nx\r\n", b"HD\r\n"),
        (b"ma n\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
    )


def test_one_client_wins_a_missing_item() -> None:
    conversation(
        (b"mg a N30 v t\r\n", b"VA 0 t30 W\r\n\r\n"),
        (b"mg a N30 v\r\n", b"VA 0 Z\r\n\r\n"),
        (b"ms a 1 T10\r\nx\r\n", b"HD\r\n"),
        (b"mg a N30 v\r\n", b"VA 1\r\nx\r\n"),
    )
    session = Session()
    session(b"mg a N30 v\r\n")
    session.clock.now += 30
    assert session(b"mg a N30 v\r\n") == b"VA 0 W\r\n\r\n"


def test_one_client_wins_an_item_that_ends_soon() -> None:
    session = Session()
    session(b"ms a 1 T100\r\nx\r\n")
    assert session(b"mg a R30 v\r\n") == b"VA 1\r\nx\r\n"
    session.clock.now += 71
    assert session(b"mg a R30 v\r\nmg a R30 v\r\n") == b"VA 1 W\r\nx\r\nVA 1 Z\r\nx\r\n"
    session(b"ms a 1 T100\r\ny\r\n")
    assert session(b"mg a R30 v\r\n") == b"VA 1\r\ny\r\n"
    session(b"ms a 1 T0\r\nz\r\n")
    assert session(b"mg a R30 v\r\n") == b"VA 1\r\nz\r\n"


def test_one_client_wins_a_stale_item() -> None:
    conversation(
        (b"ms a 1 E5\r\nx\r\n", b"HD\r\n"),
        (b"md a I T30 E7\r\n", b"HD\r\n"),
        (b"mg a v t c\r\n", b"VA 1 t30 c7 X W\r\nx\r\n"),
        (b"mg a v\r\n", b"VA 1 Z X\r\nx\r\n"),
        # What was computed from before the item became stale is stored, but stays stale.
        (b"ms a 1 C5 I\r\ny\r\n", b"HD\r\n"),
        (b"mg a v\r\n", b"VA 1 Z X\r\ny\r\n"),
        (b"ms a 1 C5000 I\r\ny\r\n", b"EX\r\n"),
        (b"ms a 1 T0\r\nz\r\n", b"HD\r\n"),
        (b"mg a v\r\n", b"VA 1\r\nz\r\n"),
    )


def test_keys_of_any_bytes() -> None:
    conversation(
        (b"ms Zm8gbw== 1 b\r\nx\r\n", b"HD\r\n"),
        (b"mg Zm8gbw== b v k\r\n", b"VA 1 kZm8gbw== b\r\nx\r\n"),
        (b"ms Zm9v 1 b\r\ny\r\n", b"HD\r\n"),
        (b"mg foo v k\r\n", b"VA 1 kfoo\r\ny\r\n"),
        (b"mg ??? b v\r\n", b"CLIENT_ERROR error decoding key\r\n"),
    )


def test_facts() -> None:
    session = Session()
    assert session(b"me a\r\n") == b"EN\r\n"
    session(b"ms a 2 T30\r\nhi\r\n")
    session.clock.now += 5
    assert session(b"me a\r\n") == b"ME a exp=25 la=5 cas=1 fetch=no cls=1 size=3\r\n"
    session(b"get a\r\n")
    assert b"la=0 cas=1 fetch=yes" in session(b"me a\r\n")


@pytest.mark.parametrize("line, answer", [
    (b"mg\r\n", b"ERROR\r\n"),
    (b"mg a v v\r\n", b"CLIENT_ERROR duplicate flag\r\n"),
    (b"mg a Y\r\n", b"CLIENT_ERROR invalid flag\r\n"),
    (b"mg a \xff\r\n", b"CLIENT_ERROR invalid flag\r\n"),
    (b"mg a Tx\r\n", b"CLIENT_ERROR bad token in command line format\r\n"),
    (b"md a C\r\n", b"CLIENT_ERROR bad token in command line format\r\n"),
    (b"mg a O" + b"x" * 32 + b"\r\n", b"EN O" + b"x" * 32 + b"\r\n"),
    (b"mg a O" + b"x" * 33 + b"\r\n", b"CLIENT_ERROR opaque token too long\r\n"),
    (b"mg " + b"k" * 251 + b"\r\n", b"CLIENT_ERROR bad command line format\r\n"),
    (b"ms a 1001\r\n" + bytes(1001) + b"\r\n", b"SERVER_ERROR object too large for cache\r\n"),
    (b"ms a 1 F4294967296\r\nx\r\n", b"CLIENT_ERROR bad token in command line format\r\n"),
])  # fmt: skip
def test_wrong_requests(line: bytes, answer: bytes) -> None:
    assert Session()(line + b"mn\r\n") == answer + b"MN\r\n"
