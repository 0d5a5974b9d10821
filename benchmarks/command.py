"""The command line of a benchmark: cases, rounds, a table each, and exit status 3 when a bar was missed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import report


def run(
    about: str | None, names: Sequence[str], run_case: Callable[..., dict[str, Any]], part: str, **numbers: float
) -> int:
    """Measure the cases that were asked for: run_case(name, **numbers), each number an option with this default.

    `part` is that of docs/benchmarks.md which --write fills; "" where there is none. Returns the exit status.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help=f"any of {', '.join(names)}; all when none is named")
    for option, default in numbers.items():
        parser.add_argument(f"--{option}", type=type(default), default=default)
    if part:
        parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    args = parser.parse_args()
    for name in args.cases:
        if name not in names:
            parser.error(f"no case {name!r}; there are: {', '.join(names)}")
    found, results = report.facts(), []
    for name in args.cases or names:
        results.append(run_case(name, **{option: getattr(args, option) for option in numbers}))
        print(report.table(results[-1]), flush=True)
    return finish(results, found, part if part and args.write else "")


def finish(results: list[dict[str, Any]], found: dict[str, str], part: str) -> int:
    """Keep the figures, and put the tables into that part of docs/benchmarks.md. Returns the exit status."""
    print(f"figures: {report.save(results, found)}", file=sys.stderr)
    if part:
        report.write_page(results, found, part)
    return 0 if all(bar["met"] for result in results for bar in result["bars"]) else 3
