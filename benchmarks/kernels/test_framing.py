"""pytest benchmarks/kernels/test_framing.py --benchmark-group-by=group --benchmark-columns=min,median,iqr"""

import pytest

from benchmarks.kernels.framing import CASES, FrameDecoder

PAIRS = [pytest.param(case, parser, id=f"{case}-{parser.name}") for case in CASES for parser in CASES[case].parsers]


@pytest.mark.parametrize("case, parser", PAIRS)
def test_decode(benchmark, case: str, parser: FrameDecoder) -> None:
    CASES[case].check()
    benchmark.group = f"{case}: {len(CASES[case].inputs)} pieces of a stream"
    benchmark(parser.run, CASES[case].inputs)
