"""Time the parsers, rounds interleaved, and print a table a case with its bars.

    taskset -c 1 python -m benchmarks.kernels [case ...] [--rounds N] [--write]

A round times every parser once, in an order that rotates; a time is the least of several repetitions of a few
milliseconds each, per request, frame, message or number. Ratios are taken within a round. The exit status is 3 when a
bar was missed.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import report
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
        shift = turn % len(parsers)
        for parser in [*parsers[shift:], *parsers[:shift]]:
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
    command = f"python -m benchmarks.kernels {name} --rounds {rounds}"
    result = {"name": name, "title": title, "command": command, "rounds": rounds, "seconds": None,
              "metrics": ["ns"], "rank": speed, "contenders": figures}  # fmt: skip
    result["bars"] = [judged for bar in bars if (judged := report.judge(result, bar))]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help=f"any of {', '.join(NAMES)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    args = parser.parse_args()
    for name in args.cases:
        if name not in NAMES:
            parser.error(f"no case {name!r}; there are: {', '.join(NAMES)}")
    found = report.facts()
    gc.disable()
    results = []
    for name in args.cases or NAMES:
        results.append(run_case(name, args.rounds))
        print(report.table(results[-1]), flush=True)
    print(f"figures: {report.save(results, found)}", file=sys.stderr)
    if args.write:
        report.write_page(results, found, "kernels")
    return 0 if all(bar["met"] for result in results for bar in result["bars"]) else 3


if __name__ == "__main__":
    sys.exit(main())
