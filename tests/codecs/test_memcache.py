"""memcached's protocol: any cuts, each limit, what is refused, and that what is encoded is read as it was meant."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs import memcache
from fastnet.codecs.memcache import Decoder, ReplyDecoder, RequestDecoder
from fastnet.errors import ConfigError, IncompleteFrame, ProtocolError
from tests.codecs.framings import cuts, pieces_of

LIMITS: dict[str, int] = {"max_key_bytes": 10, "max_value_bytes": 20, "max_line_bytes": 60}


def facts(message: Any) -> tuple[Any, ...]:
    if isinstance(message, memcache.Reply):
        return message.kind, message.key, message.value, message.client_flags, message.number, message.text
    return (message.verb, message.keys, message.value, message.client_flags, message.exptime, message.number,
            message.noreply, message.words, message.error)  # fmt: skip


def outcome(decoder: Any, pieces: Sequence[bytes]) -> tuple[list[tuple[Any, ...]], str]:
    found: list[tuple[Any, ...]] = []
    try:
        for piece in pieces:
            found += map(facts, decoder.feed(piece))
        decoder.eof()
    except IncompleteFrame as error:
        return found, f"incomplete after {error.received}"
    except ProtocolError as error:
        return found, f"{type(error).__name__} {error}"
    return found, ""


WORDS = st.sampled_from(
    [b"get ", b"set a 0 0 2\r\nhi\r\n", b"ms k 3 q\r\nabc\r\n", b"set a 0 0 21\r\n" + b"x" * 21 + b"\r\n",
     b"mg k v\r\n",
     b"cas a 1 2 3 4 noreply\r\nabc\r\n", b"a ", b"\r\n", b"\n", b"incr a 5", b"VALUE a 1 2 3\r\nhi\r\n",
     b"VA 2 c9\r\nhi\r\n",
     b"END\r\n", b"STAT a b\r\n", b"17\r\n", b"SERVER_ERROR out of memory\r\n", b"VALUE a 0 21\r\n", b"x" * 61]
)  # fmt: skip
streams = st.lists(WORDS | st.binary(max_size=8), max_size=8).map(b"".join)


@pytest.mark.parametrize("kind", [RequestDecoder, ReplyDecoder])
@given(stream=streams, sizes=cuts)
def test_any_stream_is_the_same_however_it_is_cut(kind: Any, stream: bytes, sizes: list[int]) -> None:
    whole = outcome(kind(**LIMITS), [stream])
    assert outcome(kind(**LIMITS), pieces_of(stream, sizes))[0] == whole[0]
    found, error = outcome(kind(**LIMITS), pieces_of(stream, []))
    # Of an item that is passed over, what is pending depends on the cuts; what comes out does not.
    assert found == whole[0] and error.partition(" after")[0] == whole[1].partition(" after")[0]


def only(decoder: Any, stream: bytes) -> Any:
    (message,) = decoder.feed(stream)
    decoder.eof()
    return message


keys = st.binary(min_size=1, max_size=250).map(lambda raw: bytes(33 + byte % 94 for byte in raw))


@given(st.lists(keys, min_size=1, max_size=20), st.sampled_from(["get", "gets", "gat", "gats"]), st.integers(-9, 9))
def test_reading(some: list[bytes], verb: str, exptime: int) -> None:
    request = only(RequestDecoder(), memcache.encode_get(some, verb, exptime))
    assert (request.verb, list(request.keys), request.error) == (verb, some, "")
    assert request.key == some[0]
    assert request.exptime == (exptime if verb[2:3] == "t" and verb.startswith("ga") else 0)


@given(keys, st.binary(max_size=100), st.integers(0, 2**32 - 1), st.integers(-5, 2**40), st.integers(0, 2**64 - 1))
def test_storing(key: bytes, value: bytes, flags: int, exptime: int, unique: int) -> None:
    for verb in ("set", "add", "replace", "append", "prepend", "cas"):
        cas = unique if verb == "cas" else None
        request = only(RequestDecoder(), memcache.encode_store(verb, key, value, flags, exptime, cas, noreply=True))
        assert (request.verb, request.key, request.value, request.client_flags) == (verb, key, value, flags)
        assert (request.exptime, request.noreply, request.number) == (exptime, True, cas or 0)
    hit = only(ReplyDecoder(), memcache.encode_value(key, value, flags, unique))
    assert (hit.kind, hit.key, hit.value, hit.client_flags, hit.number) == ("VALUE", key, value, flags, unique)
    assert only(ReplyDecoder(), memcache.encode_value(key, value)).number is None


def test_other_requests() -> None:
    decoder = RequestDecoder()
    request = only(decoder, memcache.encode_command("incr", "a", 2**64 - 1))
    assert (request.verb, request.key, request.number, request.noreply) == ("incr", b"a", 2**64 - 1, False)
    request = only(decoder, memcache.encode_command("touch", b"a", -1, noreply=True))
    assert (request.verb, request.exptime, request.noreply) == ("touch", -1, True)
    assert only(decoder, memcache.encode_command("flush_all")).exptime == -1
    assert only(decoder, memcache.encode_command("stats", b"items")).words == (b"items",)
    request = only(decoder, memcache.encode_meta("mg", "key", [b"v", b"T30"]))
    assert (request.verb, request.key, request.words, request.value) == ("mg", b"key", (b"v", b"T30"), None)
    request = only(decoder, memcache.encode_meta("ms", "key", [b"q"], b"\r\n"))
    assert (request.verb, request.words, request.value) == ("ms", (b"q",), b"\r\n")
    assert only(decoder, memcache.encode_meta("mn")).verb == "mn"


def test_other_replies() -> None:
    decoder = ReplyDecoder()
    reply = only(decoder, memcache.encode_meta_value(b"hi", [b"c7", b"W"]))
    assert (reply.kind, reply.value, reply.words) == ("VA", b"hi", (b"c7", b"W"))
    reply = only(decoder, b"STAT threads 4\r\n")
    assert (reply.kind, reply.key, reply.text) == ("STAT", b"threads", b"4")
    reply = only(decoder, b"SERVER_ERROR out of memory\r\n")
    assert (reply.kind, reply.text) == ("SERVER_ERROR", b"out of memory")
    assert only(decoder, b"18446744073709551615\r\n").number == 2**64 - 1


@pytest.mark.parametrize("stream, error", [
    (b"nothing\r\n", "ERROR"),
    (b"get\r\n", "ERROR"),
    (b"get a\tb\r\n", "CLIENT_ERROR bad command line format"),
    (b"incr a x\r\n", "CLIENT_ERROR invalid numeric delta argument"),
    (b"touch a x\r\n", "CLIENT_ERROR invalid exptime argument"),
    (b"set a 0 0 21\r\n" + b"x" * 21 + b"\r\n", "SERVER_ERROR object too large for cache"),
    (b"set 01234567890 0 0 5\r\nmn\r\n \r\n", "CLIENT_ERROR bad command line format"),
])  # fmt: skip
def test_a_wrong_request_is_answered_and_the_next_one_read(stream: bytes, error: str) -> None:
    for pieces in ([stream + b"version\r\n"], pieces_of(stream + b"version\r\n", [])):
        decoder = RequestDecoder(**LIMITS)
        found = [request for piece in pieces for request in decoder.feed(piece)]
        assert [(request.error, request.verb if not request.error else "") for request in found] == [
            (error, ""), ("", "version")]  # fmt: skip


@pytest.mark.parametrize("kind, stream, error", [
    (RequestDecoder, b"set a 0 0 x\r\n", "bad data chunk: its length cannot be read"),
    (RequestDecoder, b"set a 0 0 2\r\nabc\r\n", "bad data chunk"),
    (RequestDecoder, b"POST / HTTP/1.1\r\n", "this is no web server"),
    (ReplyDecoder, b"hello\r\n", "the server sent a line that no memcached server may send"),
    (ReplyDecoder, b"VALUE a 0 2\r\nabc\r\n", "bad data chunk"),
])  # fmt: skip
def test_what_cannot_be_trusted_ends_the_stream(kind: Any, stream: bytes, error: str) -> None:
    good = b"version\r\n" if kind is RequestDecoder else b"END\r\n"
    decoder = kind()
    with pytest.raises(ProtocolError, match=f"^{error}$"):
        decoder.feed(stream)
    decoder = kind()
    assert len(decoder.feed(good + stream + good)) == 1
    assert str(decoder.error) == error
    for call in (lambda: decoder.feed(good), decoder.eof):
        with pytest.raises(ProtocolError, match=f"^{error}$"):
            call()


@pytest.mark.parametrize("size, fits", [(59, True), (60, True), (61, False)])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_limit_of_a_line(size: int, fits: bool, end: bytes) -> None:
    for kind, begin in ((RequestDecoder, b"stats "), (ReplyDecoder, b"VERSION ")):
        line = begin.ljust(size, b"x") + end
        for pieces in ([line], pieces_of(line, [])):
            found, error = outcome(kind(**LIMITS), pieces)
            assert len(found) == fits and error == ("" if fits else "LimitExceeded line too long")


@pytest.mark.parametrize("size, error", [(19, ""), (20, ""), (21, "SERVER_ERROR object too large for cache")])
def test_the_limit_of_a_value(size: int, error: str) -> None:
    stream = memcache.encode_store("set", "a", b"x" * size)
    assert only(RequestDecoder(**LIMITS), stream).error == error
    reply = outcome(ReplyDecoder(**LIMITS), [memcache.encode_value("a", b"x" * size)])
    assert reply[1] == ("LimitExceeded the server sent a value that is larger than the limit" if error else "")


@pytest.mark.parametrize("size, error", [(9, ""), (10, ""), (11, "CLIENT_ERROR bad command line format")])
def test_the_limit_of_a_key(size: int, error: str) -> None:
    assert only(RequestDecoder(**LIMITS), b"get " + b"k" * size + b"\r\n").error == error


def test_a_large_item_that_is_refused_is_not_kept() -> None:
    decoder = RequestDecoder(max_value_bytes=1000)
    assert decoder.feed(b"set a 0 0 2000000000\r\n")[0].error
    for _ in range(100):
        assert decoder.feed(bytes(65536)) == []
        assert decoder.pending == 0


def test_values_in_small_pieces() -> None:
    value = bytes(range(256)) * 4000
    decoder, found = RequestDecoder(max_value_bytes=len(value)), []
    for piece in pieces_of(memcache.encode_store("set", "a", value) * 2, [1000] * 2100):
        found += decoder.feed(piece)
    assert [request.value for request in found] == [value, value]


def test_the_end_inside_a_message() -> None:
    decoder: Decoder = RequestDecoder()
    decoder.eof()
    assert decoder.feed(b"set a 0 0 5\r\nab") == []  # type: ignore[attr-defined]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert (caught.value.received, caught.value.expected) == (15, 20)


@pytest.mark.parametrize("call", [
    lambda: memcache.encode_get(["a b"]),
    lambda: memcache.encode_get([b"a\r\nflush_all\r\n"]),
    lambda: memcache.encode_get([""]),
    lambda: memcache.encode_get(["k" * 251]),
    lambda: memcache.encode_get([]),
    lambda: memcache.encode_get(["a"], "set"),
    lambda: memcache.encode_store("set", "a\n", b""),
    lambda: memcache.encode_store("cas", "a", b""),
    lambda: memcache.encode_store("set", "a", b"", client_flags=1 << 32),
    lambda: memcache.encode_command("get", "a"),
    lambda: memcache.encode_command("stats", b"a\r\nflush_all"),
    lambda: memcache.encode_meta("mg", "a", [b"v\r\n"]),
    lambda: memcache.encode_meta("ms", "a"),
    lambda: memcache.encode_meta("get", "a"),
    lambda: memcache.encode_meta_value(b"", [b"W X"]),
])  # fmt: skip
def test_what_cannot_be_sent_is_refused(call: Any) -> None:
    with pytest.raises(ValueError):
        call()


def test_keys_are_bytes_or_text() -> None:
    assert memcache.encode_get(["\u00fc", b"b"]) == b"get \xc3\xbc b\r\n"


@pytest.mark.parametrize("option, value", [("max_key_bytes", 0), ("max_value_bytes", -1), ("max_line_bytes", 15),
                                           ("max_value_bytes", 1 << 31), ("max_line_bytes", True)])  # fmt: skip
def test_options(option: str, value: int) -> None:
    with pytest.raises(ConfigError) as caught:
        RequestDecoder(**{option: value})
    assert caught.value.option == option
