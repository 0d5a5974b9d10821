"""pytest benchmarks/kernels/test_checksum.py --benchmark-group-by=group --benchmark-columns=min,median,iqr

Every contender is first shown to compute the same value.
"""

import random
import zlib
from collections.abc import Callable

import crc32c_rs
import google_crc32c
import numpy
import pytest
import scapy.utils
from isal import isal_zlib
from zlib_ng import zlib_ng

from fastnet import checksum

SIZES = [64, 1024, 65536, 1 << 20]


def numpy_internet(data: bytes) -> int:
    total = int(numpy.frombuffer(data, dtype=">u2").sum(dtype=numpy.uint64))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


CONTENDERS: dict[str, dict[str, Callable[[bytes], int]]] = {
    "crc32": {
        "fastnet": checksum.crc32,
        "isal": isal_zlib.crc32,
        "zlib-ng": zlib_ng.crc32,
        "zlib": zlib.crc32,
    },
    "crc32c": {"fastnet": checksum.crc32c, "crc32c_rs": crc32c_rs.crc32c, "google-crc32c": google_crc32c.value},
    "adler32": {
        "fastnet": checksum.adler32,
        "isal": isal_zlib.adler32,
        "zlib-ng": zlib_ng.adler32,
        "zlib": zlib.adler32,
    },
    "internet": {"fastnet": checksum.internet, "numpy": numpy_internet, "scapy": scapy.utils.checksum},
}
CASES = [(kind, size, name) for kind, peers in CONTENDERS.items() for size in SIZES for name in peers]


@pytest.mark.parametrize("kind, size, name", CASES)
def test_checksum(benchmark, kind: str, size: int, name: str) -> None:
    data = random.Random(size).randbytes(size)
    function = CONTENDERS[kind][name]
    assert function(data) == CONTENDERS[kind]["fastnet"](data)
    benchmark.group = f"{kind}: {size} bytes"
    benchmark(function, data)
