"""pytest benchmarks/kernels --benchmark-group-by=param:case --benchmark-columns=min,median,iqr"""

import pytest

from benchmarks.kernels.http1 import CASES, Parser, same_work

PAIRS = [pytest.param(case, parser, id=f"{case}-{parser.name}") for case in CASES for parser in CASES[case][3]]


@pytest.mark.parametrize("case, parser", PAIRS)
def test_parse(benchmark, case: str, parser: Parser) -> None:
    _, inputs, depth, parsers = CASES[case]
    same_work(inputs, depth, parsers)
    benchmark.group = f"{case}: {len(inputs) * depth} requests"
    benchmark(parser.run, inputs)
