"""Checksums against other libraries' of the same: zlib, ISA-L, google-crc32c, crc32c-rs, liblzma and NumPy.

Each example of hypothesis is a buffer and sixteen slices of it at alignments that follow each other: a case each, for
every checksum. Run once with `--hypothesis-profile=thorough`, on x86-64 with AVX-512: 65,536 examples, so 1,048,576
slices by other libraries, and 131,072 by the slower definitions; no difference.
"""

import binascii
import lzma
import zlib

import crc32c_rs
import google_crc32c
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from fastnet.codecs import checksum

SIZES = st.one_of(st.integers(0, 64), st.integers(0, 700), st.integers(0, 5000))
STARTS = st.integers(0, 48)
# Bytes of hypothesis' own choice are few; they are repeated, each time with something added, to fill a buffer.
seeds = st.binary(min_size=1, max_size=48)
MODBUS = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0xA001 if number & 1 else 0)
    MODBUS.append(number)


def filled(seed: bytes) -> bytes:
    tile = np.frombuffer(seed, np.uint8)
    rows = -(-5100 // len(seed))
    steps = np.arange(rows, dtype=np.uint32)[:, None] * (1 + int(seed[0])) >> 3
    return (tile + steps).astype(np.uint8).tobytes()


def crc64_of_xz(data: bytes) -> int:
    """The check behind the block of an .xz file (its description, section 3.4), before index and footer."""
    if not data:
        return 0  # there is no block
    file = lzma.compress(data, check=lzma.CHECK_CRC64, preset=0)
    index = 4 * (int.from_bytes(file[-8:-4], "little") + 1)
    return int.from_bytes(file[-12 - index - 8 : -12 - index], "little")


def modbus(data: bytes) -> int:
    state = 0xFFFF
    for byte in data:
        state = state >> 8 ^ MODBUS[(state ^ byte) & 0xFF]
    return state


def fletcher(data: bytes, words: str, bits: int) -> int:
    values = np.frombuffer(data + b"\0" * (len(data) % np.dtype(words).itemsize), words).astype(np.uint64)
    most = (1 << bits) - 1
    first = int(values.sum()) % most
    second = int((values * np.arange(len(values), 0, -1, dtype=np.uint64)).sum()) % most
    return second << bits | first


def internet(data: bytes) -> int:
    total = int(np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").sum(dtype=np.uint64))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(seeds, STARTS, SIZES, st.integers(0, 2**32 - 1))
def test_other_libraries_agree(seed: bytes, first: int, size: int, begun: int) -> None:
    buffer = filled(seed)
    before = b""
    for start in range(first, first + 16):
        part = memoryview(buffer)[start : start + size]
        data = bytes(part)
        crc = checksum.crc32(part)
        assert crc == zlib.crc32(data) == isal_zlib.crc32(data)
        assert checksum.crc32(part, begun) == zlib.crc32(data, begun)
        assert checksum.crc32_combine(checksum.crc32(before), crc, size) == zlib.crc32(before + data)
        crc = checksum.crc32c(part)
        assert crc == google_crc32c.value(data) == crc32c_rs.crc32c(data)
        assert checksum.crc32c(part, begun) == google_crc32c.extend(begun, data)
        assert checksum.crc32c_combine(checksum.crc32c(before), crc, size) == google_crc32c.value(before + data)
        assert checksum.adler32(part) == zlib.adler32(data) == isal_zlib.adler32(data)
        assert checksum.crc16_ccitt(part, begun & 0xFFFF) == binascii.crc_hqx(data, begun & 0xFFFF)
        assert checksum.internet(part) == internet(data)
        assert checksum.fletcher16(part) == fletcher(data, "u1", 8)
        assert checksum.fletcher32(part) == fletcher(data, "<u2", 16)
        before = data


@given(seeds, STARTS, SIZES)
def test_slower_definitions_agree(seed: bytes, first: int, size: int) -> None:
    buffer = filled(seed)
    for start in range(first, first + 16, 8):
        data = buffer[start : start + size]
        assert checksum.crc64_xz(data) == crc64_of_xz(data)
        assert checksum.crc16_modbus(data) == modbus(data)


@pytest.mark.parametrize("size", [65536, 100_001, 1 << 20])
def test_large_buffers(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert checksum.crc32(data) == isal_zlib.crc32(data)
    assert checksum.crc32c(data) == google_crc32c.value(data) == crc32c_rs.crc32c(data)
    assert checksum.adler32(data) == isal_zlib.adler32(data)
    assert checksum.crc64_xz(data) == crc64_of_xz(data)
    assert checksum.internet(data) == internet(data)
