"""Measuring servers: the load generator behind `fastnet bench`, and its results.

result = run(Spec(urls=("http://127.0.0.1:8000/",), connections=64, duration_s=5))
result.rate, result.latency.percentile(99)
"""

from fastnet.bench.histogram import Histogram
from fastnet.bench.result import Result
from fastnet.bench.run import run
from fastnet.bench.spec import Spec

__all__ = ["Histogram", "Result", "Spec", "run"]
