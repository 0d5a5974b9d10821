"""Checksums beside the libraries that compute them, each at the sizes its bars are about."""

import importlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bars import Bar
from fastnet import checksum

SPEED = "calls_per_s"
Function = Callable[[bytes], int]


@dataclass(frozen=True)
class Summer:
    name: str
    function: Function

    def run(self, inputs: list[bytes]) -> None:
        function = self.function
        for data in inputs:
            function(data)


@dataclass(frozen=True)
class ChecksumCase:
    title: str
    inputs: list[bytes]
    parsers: list[Summer]
    bars: list[Bar]

    @property
    def units(self) -> int:
        return len(self.inputs)

    def check(self) -> None:
        for data in self.inputs[:8]:
            if len({parser.function(data) for parser in self.parsers}) != 1:
                raise ValueError(f"not every one computes the same: {self.title}")


def numpy_internet(data: bytes) -> int:
    numpy = importlib.import_module("numpy")
    total = int(numpy.frombuffer(data, dtype=">u2").sum(dtype=numpy.uint64))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


NAMES: dict[str, dict[str, tuple[str, str]]] = {
    "crc32": {"isal": ("isal.isal_zlib", "crc32"), "zlib-ng": ("zlib_ng.zlib_ng", "crc32"), "zlib": ("zlib", "crc32")},
    "crc32c": {"crc32c_rs": ("crc32c_rs", "crc32c"), "google-crc32c": ("google_crc32c", "value")},
    "adler32": {"isal": ("isal.isal_zlib", "adler32"), "zlib-ng": ("zlib_ng.zlib_ng", "adler32")},
    "internet": {"numpy": ("numpy", ""), "scapy": ("scapy.utils", "checksum")},
}


def peers(kind: str) -> dict[str, Function]:
    """Those of the peers that are installed."""
    found = {}
    for name, (module, function) in NAMES[kind].items():
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        found[name] = getattr(loaded, function) if function else numpy_internet
    return found


PEERS = {kind: peers(kind) for kind in NAMES}
SIZES = [64, 128, 256, 1024, 4096, 65536, 1 << 20]
LARGE = 65536
BOUNDS: dict[tuple[str, int], dict[str, float]] = {
    **{("crc32", size): {"isal": 0.97, "zlib-ng": 0.97} for size in SIZES},
    **{("crc32c", size): {"crc32c_rs": 1.0, "google-crc32c": 2.3} for size in SIZES if size >= LARGE},
    ("internet", LARGE): {"numpy": 10, "scapy": 500},
}
BOUNDS["crc32", LARGE]["zlib"] = 9


def case(kind: str, size: int) -> ChecksumCase:
    pick = random.Random(size)
    inputs = [pick.randbytes(size)] * max(8, min(4000, (1 << 21) // size))
    summers = [Summer(name, function) for name, function in PEERS[kind].items()]
    mine = Summer("fastnet", getattr(checksum, kind))
    bars = [
        Bar("fastnet", SPEED, bound, name)
        for name, bound in BOUNDS.get((kind, size), {}).items()
        if name in PEERS[kind]
    ]
    shown = f"{size} B" if size < 1024 else f"{size >> 10} KiB" if size < 1 << 20 else "1 MiB"
    return ChecksumCase(f"Checksum: {kind}, {shown}", inputs, [*summers, mine], bars)


CASES = {f"checksum-{kind}-{size}": case(kind, size) for kind in PEERS for size in SIZES}
