"""Checksums, from `fastnet.codecs.checksum`; and a command: ``python -m fastnet.checksum [-a NAME] FILE...``

The command prints a line a file, hexadecimal digits, two spaces, the file's name; "-" is standard input. Exit status:
0, 1 when a file could not be read, 2 for a wrong option.
"""

import argparse
import sys
from collections.abc import Sequence
from io import FileIO
from typing import NoReturn

from fastnet.codecs.checksum import (
    Checksum,
    adler32,
    adler32_combine,
    algorithms_available,
    copy_into,
    crc16_ccitt,
    crc16_ccitt_combine,
    crc16_modbus,
    crc16_modbus_combine,
    crc32,
    crc32_combine,
    crc32c,
    crc32c_combine,
    crc64_xz,
    crc64_xz_combine,
    fletcher16,
    fletcher32,
    internet,
    internet_replace,
    new,
)

__all__ = [
    "Checksum",
    "adler32",
    "adler32_combine",
    "algorithms_available",
    "copy_into",
    "crc16_ccitt",
    "crc16_ccitt_combine",
    "crc16_modbus",
    "crc16_modbus_combine",
    "crc32",
    "crc32_combine",
    "crc32c",
    "crc32c_combine",
    "crc64_xz",
    "crc64_xz_combine",
    "fletcher16",
    "fletcher32",
    "internet",
    "internet_replace",
    "new",
]

_READ_BYTES = 1 << 18  # stays in the second-level cache while it is summed


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fastnet: {message}\n")


def _sum(file: FileIO, name: str) -> Checksum:
    total, block = Checksum(name), memoryview(bytearray(_READ_BYTES))
    while n := file.readinto(block):
        total.update(block[:n])
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: those of the process); returns its exit status."""
    parser = _Parser(prog="python -m fastnet.checksum", description="Print the checksum of each FILE.")
    parser.add_argument("-a", "--algorithm", choices=algorithms_available, default="crc32", help="default: crc32")
    parser.add_argument("files", nargs="+", metavar="FILE", help='"-" is standard input')
    options = parser.parse_args(arguments)
    status = 0
    for path in options.files:
        try:
            with open(0 if path == "-" else path, "rb", buffering=0, closefd=path != "-") as file:
                total = _sum(file, options.algorithm)
        except OSError as error:
            print(f"fastnet: {path}: {error.strerror or error}", file=sys.stderr)
            status = 1
        else:
            print(f"{total.hexdigest()}  {path}")
    return status


if __name__ == "__main__":
    sys.exit(main())
