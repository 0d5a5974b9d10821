"""The parsers that are timed understand every input alike, and a case gives a table with its bars."""

import dataclasses

import pytest

from benchmarks import data, report
from benchmarks.kernels import checksum, dns, framing, msgpack
from benchmarks.kernels.__main__ import BARS, NAMES, OTHERS, run_case
from benchmarks.kernels.http1 import LAZY, LIST, same_work


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_a_table_with_its_bars(name):
    text = report.table(run_case(name, rounds=1, repeat=1))
    assert f"python -m benchmarks.kernels {name}" in text
    bars = OTHERS[name][0].bars if name in OTHERS else BARS.get(name, [])
    assert all(bar.text() in text for bar in bars)


def test_parsers_that_differ_are_found_out():
    deaf = type(LAZY)("deaf", LAZY.run, lambda one: [])
    with pytest.raises(ValueError, match="deaf"):
        same_work([data.WRK], 1, [LIST, deaf])


def test_decoders_that_differ_are_found_out():
    case = framing.CASES["frames-lines-64"]
    deaf = framing.FrameDecoder("deaf", lambda pieces: [], lambda pieces: [])
    with pytest.raises(ValueError, match="deaf"):
        dataclasses.replace(case, parsers=[*case.parsers, deaf]).check()


def test_checksums_that_differ_are_found_out():
    case = checksum.CASES["checksum-crc32-64"]
    wrong = checksum.Summer("wrong", lambda data: 0)
    with pytest.raises(ValueError, match="crc32, 64 B"):
        dataclasses.replace(case, parsers=[*case.parsers, wrong]).check()


def test_codecs_that_differ_are_found_out():
    case = msgpack.CASES["msgpack-decode-envelope"]
    deaf = msgpack.each("deaf", len)
    with pytest.raises(ValueError, match="deaf"):
        dataclasses.replace(case, parsers=[*case.parsers, deaf]).check()


def test_dns_libraries_that_differ_are_found_out():
    case = dns.CASES["dns-parse"]
    deaf = dns.DnsCodec("deaf", list, lambda wire: set())
    with pytest.raises(ValueError, match="deaf"):
        dataclasses.replace(case, parsers=[*case.parsers, deaf]).check()


def test_inputs_are_the_same_in_every_run():
    assert data.varied_requests() == data.varied_requests()
    assert len(set(data.varied_requests())) == 512
    assert data.BROWSER.count(b"\r\n") == data.BROWSER_FIELDS + 2
