"""Checksums against zlib, binascii, published values and definitions written out, however the data is cut."""

import binascii
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs import checksum

# name -> function; its value of "123456789"
FUNCTIONS: dict[str, tuple[Callable[..., int], int]] = {
    "crc32": (checksum.crc32, 0xCBF43926),
    "crc32c": (checksum.crc32c, 0xE3069283),
    "crc64-xz": (checksum.crc64_xz, 0x995DC9BBDF1939FA),
    "crc16-modbus": (checksum.crc16_modbus, 0x4B37),
    "crc16-ccitt": (checksum.crc16_ccitt, 0x31C3),
    "adler32": (checksum.adler32, 0x091E01DE),
    "fletcher16": (checksum.fletcher16, 0x1EDE),
    "fletcher32": (checksum.fletcher32, 0xDF09D509),
    "internet": (checksum.internet, 0xF62A),
}
COMBINE = {
    "crc32": checksum.crc32_combine,
    "crc32c": checksum.crc32c_combine,
    "crc64-xz": checksum.crc64_xz_combine,
    "crc16-modbus": checksum.crc16_modbus_combine,
    "crc16-ccitt": checksum.crc16_ccitt_combine,
    "adler32": checksum.adler32_combine,
}
BY_WORDS = {"fletcher32", "internet"}
EMPTY = {"adler32": 1, "crc16-modbus": 0xFFFF, "internet": 0xFFFF}
BITS = {name: int(name.partition("-")[0].lstrip("abcdefghijklmnopqrstuvwxyz").rstrip("c") or 16) for name in FUNCTIONS}
LARGE = bytes(range(256)) * 1024  # over the size from which the GIL is released
NAMES = sorted(FUNCTIONS)
pieces = st.lists(st.binary(max_size=200), max_size=8)
names = st.sampled_from(NAMES)


def crc_by_bits(data: bytes, polynomial: int, bits: int) -> int:
    state = top = (1 << bits) - 1
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (polynomial if state & 1 else 0)
    return state ^ top


def fletcher(data: bytes, size: int) -> int:
    modulus, a, b = (1 << 8 * size) - 1, 0, 0
    for at in range(0, len(data), size):
        a = (a + int.from_bytes(data[at : at + size], "little")) % modulus
        b = (a + b) % modulus
    return b << 8 * size | a


def internet_by_definition(data: bytes) -> int:
    total = sum(int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@pytest.mark.parametrize("name", NAMES)
def test_published_values(name: str) -> None:
    function, expected = FUNCTIONS[name]
    assert function(b"123456789") == expected
    assert function(b"") == EMPTY.get(name, 0)
    assert checksum.new(name, b"123456789").value == expected


def test_more_published_values() -> None:
    assert checksum.crc16_ccitt(b"123456789", 0xFFFF) == 0x29B1
    assert checksum.adler32(b"Wikipedia") == 0x11E60398
    # RFC 3720, appendix B.4
    assert checksum.crc32c(bytes(32)) == 0x8A9136AA
    assert checksum.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert checksum.crc32c(bytes(range(32))) == 0x46DD794E
    assert checksum.crc32c(bytes(range(31, -1, -1))) == 0x113FDB5C
    assert [checksum.fletcher16(b) for b in (b"abcde", b"abcdef", b"abcdefgh")] == [0xC8F0, 0x2057, 0x0627]
    assert [checksum.fletcher32(b) for b in (b"abcde", b"abcdef", b"abcdefgh")] == [0xF04FC729, 0x56502D2A, 0xEBE19591]
    assert checksum.internet(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # RFC 1071, section 3
    assert checksum.internet_replace(0xDD2F, b"\x55\x55", b"\x32\x85") == 0  # RFC 1624, section 4


@given(st.binary(max_size=2000), st.integers(0, 2**32 - 1))
def test_the_standard_library_agrees(data: bytes, value: int) -> None:
    assert checksum.crc32(data, value) == zlib.crc32(data, value)
    assert checksum.crc16_ccitt(data, value & 0xFFFF) == binascii.crc_hqx(data, value & 0xFFFF)
    adler = zlib.adler32(data[::-1])
    assert checksum.adler32(data, adler) == zlib.adler32(data, adler)


@given(st.binary(max_size=400))
def test_definitions_agree(data: bytes) -> None:
    assert checksum.crc32c(data) == crc_by_bits(data, 0x82F63B78, 32)
    assert checksum.crc64_xz(data) == crc_by_bits(data, 0xC96C5795D7870F42, 64)
    assert checksum.crc16_modbus(data) == crc_by_bits(data, 0xA001, 16) ^ 0xFFFF
    assert checksum.fletcher16(data) == fletcher(data, 1)
    assert checksum.fletcher32(data) == fletcher(data, 2)
    assert checksum.internet(data) == internet_by_definition(data)


@pytest.mark.parametrize("size", [32767, 32768, 65536, 100_003, 1 << 20, (1 << 20) + 1, 3_000_001])
def test_large_data(size: int) -> None:
    data = os.urandom(size)
    assert checksum.crc32(data) == zlib.crc32(data)
    assert checksum.adler32(data) == zlib.adler32(data)
    for name, (function, _) in FUNCTIONS.items():
        half = size // 3 & ~1
        assert function(data[half:], function(data[:half])) == function(data) == function(bytearray(data))
        object_ = checksum.new(name)
        for at in range(0, size, 4099):
            object_.update(data[at : at + 4099])
        assert object_.value == function(data)


@pytest.mark.parametrize("byte", [0, 0xFF])
def test_sums_do_not_overflow(byte: int) -> None:
    data = bytes([byte]) * 5_000_000
    assert checksum.adler32(data) == zlib.adler32(data)
    assert checksum.fletcher16(data) == 0  # 0xff is 0 modulo 255
    assert checksum.fletcher32(data) == 0
    assert checksum.internet(data) == (0 if byte else 0xFFFF)


@given(names, pieces)
def test_any_pieces_are_the_whole(name: str, cuts: list[bytes]) -> None:
    function, _ = FUNCTIONS[name]
    whole = function(b"".join(cuts))
    assert function(cuts) == function(iter(cuts)) == function(tuple(memoryview(cut) for cut in cuts)) == whole
    one_by_one = checksum.new(name)
    for cut in cuts:
        one_by_one.update(cut)
    assert one_by_one.value == whole
    assert checksum.Checksum(name, cuts).value == whole
    value, count = EMPTY.get(name, 0), 0
    for cut in cuts:
        if name in BY_WORDS and count % 2:
            return
        value, count = function(cut, value), count + len(cut)
    assert value == whole


@given(st.sampled_from(sorted(COMBINE)), st.binary(max_size=500), st.binary(max_size=500))
def test_combine(name: str, a: bytes, b: bytes) -> None:
    function, _ = FUNCTIONS[name]
    assert COMBINE[name](function(a), function(b), len(b)) == function(a + b)


def test_combine_over_lengths_that_are_never_made() -> None:
    # x^(2^32 - 1) is 1 modulo a primitive polynomial of degree 32; CRC-32's is one.
    assert checksum.crc32_combine(0x12345678, 0, (1 << 32) - 1) == 0x12345678
    assert checksum.adler32_combine(checksum.adler32(b"ab"), 1, 65521 << 40) == checksum.adler32(b"ab")
    assert checksum.crc32_combine(5, 7, 0) == 5 ^ 7


@given(st.binary(min_size=20, max_size=60), st.integers(0, 5), st.binary(max_size=10))
def test_internet_replace(header: bytes, word: int, field: bytes) -> None:
    field = field[: len(field) & ~1]
    at = 2 * word
    changed = header[:at] + field + header[at + len(field) :]
    before = header[at : at + len(field)]
    assert checksum.internet_replace(checksum.internet(header), before, field) == checksum.internet(changed)


def test_internet_replace_refuses_what_is_no_field() -> None:
    for before, after in [(b"a", b"b"), (b"ab", b"abcd")]:
        with pytest.raises(ValueError, match="even number of bytes"):
            checksum.internet_replace(0, before, after)


@given(names, pieces)
def test_copy_into(name: str, cuts: list[bytes]) -> None:
    object_, copied, at = checksum.new(name), bytearray(2000), 0
    for cut in cuts:
        assert object_.copy_into(cut, memoryview(copied)[at:]) == len(cut)
        at += len(cut)
    whole = b"".join(cuts)
    assert copied == whole.ljust(2000, b"\0")
    assert object_.value == FUNCTIONS[name][0](whole) == checksum.copy_into(name, whole, copied)
    assert checksum.copy_into(name, b"ab", copied, 7) == FUNCTIONS[name][0](b"ab", 7)


def test_copy_into_large_overlapping_and_refused() -> None:
    target = bytearray(len(LARGE))
    assert checksum.copy_into("crc32", LARGE, target) == zlib.crc32(LARGE)
    assert target == LARGE
    view = memoryview(target)
    assert checksum.copy_into("crc32", view[:-3], view[3:]) == zlib.crc32(LARGE[:-3])
    assert target[3:] == LARGE[:-3]
    with pytest.raises(ValueError, match="3 bytes do not fit a buffer of 2"):
        checksum.copy_into("crc32", b"abc", bytearray(2))
    with pytest.raises(BufferError):
        checksum.copy_into("crc32", b"abc", bytes(3))
    object_ = checksum.new("crc32", b"a")
    with pytest.raises(ValueError, match="do not fit"):
        object_.copy_into(b"abc", bytearray(2))
    object_.update(b"b")
    assert object_.value == zlib.crc32(b"ab")


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_like_hashlibs(name: str) -> None:
    function, expected = FUNCTIONS[name]
    object_ = checksum.new(name, b"12345")
    other = object_.copy()
    object_.update(b"6789")
    assert object_.name == name
    assert object_.digest_size == BITS[name] // 8
    assert object_.block_size == 1
    assert object_.digest() == expected.to_bytes(BITS[name] // 8, "big")
    assert object_.hexdigest() == object_.digest().hex()
    assert repr(object_) == f"<{name} checksum {object_.hexdigest()}>"
    assert other.value == function(b"12345")
    other.update([b"67", b"8", b"9"])
    assert other.digest() == object_.digest()


def test_names() -> None:
    assert sorted(checksum.algorithms_available) == NAMES
    for make in (checksum.new, checksum.Checksum):
        with pytest.raises(ValueError, match=r"no checksum 'md5'; there are: adler32, crc16-ccitt"):
            make("md5")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_data_or_no_value(name: str) -> None:
    function, _ = FUNCTIONS[name]
    for data in (None, 5, "text", [b"a", "b"], ["a"], [b"a", 5]):
        with pytest.raises(TypeError):
            function(data)
    with pytest.raises(BufferError):
        function(memoryview(b"abcdef")[::2])
    for value in (-1, 1 << BITS[name]):
        with pytest.raises(OverflowError):
            function(b"a", value)
        with pytest.raises(OverflowError):
            checksum.copy_into(name, b"a", bytearray(1), value)
    assert isinstance(function(b"a", (1 << BITS[name]) - 1), int)


def test_after_an_error_nothing_has_changed() -> None:
    object_ = checksum.new("internet", b"abc")
    with pytest.raises(TypeError):
        object_.update([b"d", 5])
    object_.update(b"d")
    assert object_.value == checksum.internet(b"abcd")


def test_an_update_inside_an_update_is_refused() -> None:
    object_ = checksum.new("crc32")

    def disturbing():
        yield b"a"
        object_.update(b"b")

    with pytest.raises(RuntimeError, match="updated already"):
        object_.update(disturbing())
    object_.update(b"c")
    assert object_.value == zlib.crc32(b"c")


def test_threads_that_share_one_lose_nothing_that_was_accepted() -> None:
    object_, data = checksum.new("crc32"), bytes(1 << 20)

    def work(_: int) -> int:
        accepted = 0
        for _ in range(20):
            try:
                object_.update(data)
                accepted += 1
            except RuntimeError:
                pass
        return accepted

    with ThreadPoolExecutor(4) as pool:
        accepted = sum(pool.map(work, range(4)))
    expected = 0
    for _ in range(accepted):
        expected = zlib.crc32(data, expected)
    assert object_.value == expected


def test_the_gil_is_released_for_large_data() -> None:
    """A thread that only counts goes on while another has one long checksum computed."""
    data, stop, count, seen = bytes(1 << 26), threading.Event(), [0], []

    def counting() -> None:
        while not stop.is_set():
            count[0] += 1
            time.sleep(0)  # gives the GIL away

    thread = threading.Thread(target=counting)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody is made to give up the GIL: only who releases it lets the other run
    try:
        thread.start()
        for _ in range(3):
            checksum.crc16_ccitt(data)
            seen.append(count[0])
    finally:
        stop.set()
        sys.setswitchinterval(before)
        thread.join()
    assert seen[0] > 0


CODE = """
from fastnet.codecs import checksum as c
data = bytes(i * i % 251 for i in range(30000))
for n in [*range(0, 300), 2623, 2624, 20992, 30000]:
    print(*(c.new(name, data[:n]).value for name in c.algorithms_available))
"""


def test_every_level_of_the_processor_computes_the_same() -> None:
    found = set()
    for level in ("scalar", "sse42", "avx2", "avx512", "neon", "neon_crypto"):
        env = {**os.environ, "FASTNET_CPU": level}
        found.add(subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, check=True).stdout)
    assert len(found) == 1
