"""Measure servers over loopback, rounds interleaved, and print a table a row with its bars.

    python -m benchmarks.servers                         every row
    python -m benchmarks.servers wsgi-prefork idle       these
    python -m benchmarks.servers --list

The server has one core, wrk another. Within a round every contender runs once, in an order that rotates from round to
round; each run has a fresh server, whose answer is checked first. Ratios are taken within a round; a table shows their
median and spread. The exit status is 1 when a contender failed, 3 when a bar was missed.
"""

import argparse
import os
import sys
from typing import Any

from benchmarks import command, report
from benchmarks.servers.load import CLIENT_BOUND
from benchmarks.servers.process import Server, ServerFailed, raise_file_limit
from benchmarks.servers.rows import ROWS, Row


def run_row(
    row: Row, rounds: int, seconds: int, cores: tuple[int, int] | None, only: str
) -> tuple[dict[str, Any], list[str]]:
    """Measure a row; returns its result and what failed. A contender that fails is out for the rest of the row."""
    racing = [c for c in row.contenders if only in c.name and c.available()]
    missing = [c.name for c in row.contenders if only in c.name and not c.available()]
    figures: dict[str, dict[str, list[float]]] = {c.name: {} for c in racing}
    failures = []
    server_core, client_core = cores or (None, None)
    for turn in range(rounds):
        for contender in report.rotated(racing, turn):
            if contender.name not in figures:
                continue
            try:
                with Server(contender, row.workload, server_core) as server:
                    sample = row.measure(server, seconds, client_core)
            except (ServerFailed, OSError) as error:
                failures.append(f"{row.name}: {contender.name}: {error}")
                log = getattr(error, "log", "")
                print(failures[-1] + (f"\n{log}" if log else ""), file=sys.stderr, flush=True)
                del figures[contender.name]
                continue
            for metric, value in sample.items():
                figures[contender.name].setdefault(metric, []).append(value)
            shown = "  ".join(f"{metric}={value:,.1f}" for metric, value in sample.items())
            print(f"{row.name} {turn + 1}/{rounds} {contender.name}: {shown}", file=sys.stderr, flush=True)
    notes = [f"Not installed, so not measured: {', '.join(missing)}."] if missing else []
    bound = [
        name for name, samples in figures.items() if min(samples.get("client_cores", [0])) > CLIENT_BOUND
        and max(samples["server_cores"]) < CLIENT_BOUND
    ]  # fmt: skip
    if bound:
        notes.append(
            f"The load generator's core was full and the server's was not: {', '.join(bound)}; compare by R/C."
        )
    again = f"python -m benchmarks.servers {row.name} --rounds {rounds} --seconds {seconds}"
    result = {"name": row.name, "title": row.title, "command": again, "rounds": rounds, "seconds": seconds,
              "metrics": row.metrics, "rank": row.rank, "contenders": figures, "notes": notes}  # fmt: skip
    return report.judged(result, row.bars), failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="rows to measure; all when none is named")
    parser.add_argument("--rounds", type=int, help="rounds a row (default: 5; 3 where a round is long)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds a run (default: 2)")
    parser.add_argument("--only", default="", help="only contenders with this in their name")
    parser.add_argument("--no-pin", action="store_true", help="leave placement to the kernel")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="name the rows and their bars")
    args = parser.parse_args()
    known = {row.name: row for row in ROWS}
    for name in args.rows:
        if name not in known:
            parser.error(f"no row {name!r}; there are: {', '.join(known)}")
    rows = [known[name] for name in args.rows] or ROWS
    if args.list:
        for row in rows:
            print(f"{row.name:16}{row.title}", *(f"\n{'':18}{bar.text()}" for bar in row.bars), sep="")
        return 0

    raise_file_limit()
    cores = None
    if not args.no_pin and len(usable := sorted(os.sched_getaffinity(0))) > 1:
        cores = (usable[0], usable[1])
        os.sched_setaffinity(0, {usable[1]})
    found = report.facts()
    results, failures = [], []
    for row in rows:
        result, failed = run_row(row, args.rounds or row.rounds, args.seconds, cores, args.only)
        failures += failed
        if result["contenders"]:
            results.append(result)
            print(report.table(result), flush=True)
    status = command.finish(results, found, "servers" if args.write else "")
    if failures:
        print("failed:", *failures, sep="\n", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
