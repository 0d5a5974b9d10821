"""Time the parsers, rounds interleaved, and print a table a case with its bars.

    taskset -c 1 python -m benchmarks.kernels [case ...] [--rounds N] [--write]

A round times every parser once, in an order that rotates; a time is the least of several repetitions of a few
milliseconds each, per request, frame, message or number. Ratios are taken within a round. The exit status is 3 when a
bar was missed.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import command, report
from benchmarks.bars import Bar
from benchmarks.kernels import checksum, dns, framing, hpack, httptools_door, msgpack
from benchmarks.kernels.http1 import CASES, HTTPTOOLS, LAZY, LIST, ZTTP_LAZY, Parser, same_work

REPEAT = 7
SPEED = "heads_per_s"


def faster(mine: Parser, other: Parser, bound: float) -> Bar:
    return Bar(mine.name, SPEED, bound, other.name)


REAL = [faster(LAZY, HTTPTOOLS, 7), faster(LAZY, ZTTP_LAZY, 3.5), faster(LIST, HTTPTOOLS, 2.5)]
BARS = {"head-browser": REAL, "head-varied": REAL, "head-pipelined": [faster(LAZY, ZTTP_LAZY, 2.5)]}
OTHERS: dict[str, tuple[Any, str]] = {
    name: (case, module.SPEED)
    for module in (framing, checksum, dns, hpack, httptools_door, msgpack)
    for name, case in module.CASES.items()
}
NAMES = [*CASES, *OTHERS]


def time_ns(run: Callable[[list[bytes]], object], inputs: list[bytes], units: int, repeat: int) -> float:
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter_ns()
        run(inputs)
        best = min(best, time.perf_counter_ns() - start)
    return best / units


def measure(parsers: Sequence[Any], inputs: list[bytes], units: int, rounds: int, repeat: int, speed: str) -> Any:
    figures: dict[str, dict[str, list[float]]] = {parser.name: {"ns": [], speed: []} for parser in parsers}
    for turn in range(rounds):
        for parser in report.rotated(parsers, turn):
            ns = time_ns(parser.run, inputs, units, repeat)
            figures[parser.name]["ns"].append(ns)
            figures[parser.name][speed].append(1e9 / ns)
    return figures


def run_case(name: str, rounds: int, repeat: int = REPEAT) -> dict[str, Any]:
    if name in OTHERS:
        case, speed = OTHERS[name]
        case.check()
        title, bars = case.title, case.bars
        figures = measure(case.parsers, case.inputs, case.units, rounds, repeat, speed)
    else:
        title, inputs, depth, parsers = CASES[name]
        title, bars, speed = f"HTTP/1 head: {title}", BARS.get(name, []), SPEED
        same_work(inputs, depth, parsers)
        figures = measure(parsers, inputs, len(inputs) * depth, rounds, repeat, speed)
    result = {"name": name, "title": title, "command": f"python -m benchmarks.kernels {name} --rounds {rounds}",
              "rounds": rounds, "seconds": None, "metrics": ["ns"], "rank": speed, "contenders": figures}  # fmt: skip
    return report.judged(result, bars)


def main() -> int:
    gc.disable()
    return command.run(__doc__, NAMES, run_case, "kernels", rounds=9)


if __name__ == "__main__":
    sys.exit(main())
