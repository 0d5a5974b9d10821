"""pytest benchmarks/kernels/test_msgpack.py --benchmark-group-by=group --benchmark-columns=min,median,iqr"""

import pytest

from benchmarks.kernels.msgpack import CASES, Codec

PAIRS = [pytest.param(case, codec, id=f"{case}-{codec.name}") for case in CASES for codec in CASES[case].parsers]


@pytest.mark.parametrize("case, codec", PAIRS)
def test_msgpack(benchmark, case: str, codec: Codec) -> None:
    CASES[case].check()
    benchmark.group = f"{case}: {CASES[case].units} units"
    benchmark(codec.run, CASES[case].inputs)
