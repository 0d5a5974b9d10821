"""Results as text: the facts of the machine, a table a row, its bars met or missed; kept as JSON and in docs/."""

import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.bars import Bar
from benchmarks.servers.contenders import BUILD, ROOT

T = TypeVar("T")

PAGE = ROOT / "docs" / "benchmarks.md"
PEERS = (
    *("fastwsgi", "fastpysgi", "bjoern", "granian", "gunicorn", "uvicorn", "uvloop", "aiofastnet", "socketify"),
    *("httptools", "zttp", "h11", "flask", "django", "starlette"),
)
PROGRAMS = {"wrk": ["wrk", "-v"], "nginx": ["nginx", "-v"], "h2o": ["h2o", "--version"], "cc": ["cc", "--version"],
            "knotd": ["knotd", "-V"], "nsd": ["nsd", "-v"], "dnsperf": ["dnsperf", "-h"]}  # fmt: skip

# metric -> (column head, divisor, digits)
COLUMNS = {
    "requests_per_s": ("req/s, k", 1e3, 1),
    "requests_per_cpu_s": ("R/C, k", 1e3, 1),
    "p50_us": ("p50, us", 1, 0),
    "p99_us": ("p99, us", 1, 0),
    "p99_over_p50": ("p99/p50", 1, 2),
    "worker_rss_mib": ("RSS, MiB", 1, 1),
    "kib_per_connection": ("KiB a connection", 1, 2),
    "idle_cpu_percent": ("idle CPU, %", 1, 2),
    "mean_us": ("mean, us", 1, 0),
    "answer_bytes": ("answer, B", 1, 0),
    "ns": ("ns", 1, 0),
    "heads_per_s": ("heads/s, k", 1e3, 0),
    "frames_per_s": ("frames/s, k", 1e3, 0),
}


def facts() -> dict[str, str]:
    """The machine and the versions measured."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    found = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
    }
    for name, command in PROGRAMS.items():
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        try:
            ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False)
        except FileNotFoundError:
            continue
        found[name] = (ran.stdout + ran.stderr).strip().splitlines()[0]
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def rotated(names: Sequence[T], turn: int) -> list[T]:
    """The order of a round: each begins with another one."""
    shift = turn % len(names) if names else 0
    return [*names[shift:], *names[:shift]]


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, least and greatest."""
    return statistics.median(values), min(values), max(values)


def paired(result: dict[str, Any], who: str, metric: str, against: str | None) -> list[float]:
    """The figure of every round, or its ratio to another contender's of the same round."""
    mine = result["contenders"][who][metric]
    if against is None:
        return list(mine)
    return [a / b for a, b in zip(mine, result["contenders"][against][metric], strict=True)]


def judge(result: dict[str, Any], bar: Bar) -> dict[str, Any] | None:
    """A bar's value, or None when a side was not measured."""
    if bar.who not in result["contenders"] or bar.against not in (None, *result["contenders"]):
        return None
    median, least, most = spread(paired(result, bar.who, bar.metric, bar.against))
    return {"bar": bar.text(), "value": median, "least": least, "most": most, "met": bar.met(median)}


def judged(result: dict[str, Any], bars: Iterable[Bar]) -> dict[str, Any]:
    """The result with its bars, but for those of which a side was not measured."""
    return result | {"bars": [found for bar in bars if (found := judge(result, bar))]}


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(result: dict[str, Any]) -> str:
    """A row's markdown: the command, the figures (medians), the ratios with their spread, the bars."""
    names = list(result["contenders"])
    rank = result["rank"]
    columns = [COLUMNS[metric] for metric in result["metrics"]]
    ratio = [f"x {names[0]} (spread)"] if rank else []
    length = f" of {result['seconds']} s" if result["seconds"] else ""
    lines = [f"### {result['title']}", "", f"`{result['command']}`: {result['rounds']} rounds{length}", ""]
    lines.append("| | " + " | ".join([head for head, _, _ in columns] + ratio) + " |")
    lines.append("|---" * (1 + len(columns) + len(ratio)) + "|")
    for name in names:
        cells = []
        for metric, (_, divisor, digits) in zip(result["metrics"], columns, strict=True):
            cells.append(f"{statistics.median(result['contenders'][name][metric]) / divisor:,.{digits}f}")
        if rank:
            median, least, most = spread(paired(result, name, rank, names[0]))
            cells.append(f"{median:.2f} ({least:.2f}-{most:.2f})")
        own = name.startswith("fastnet")
        lines.append(f"| {'**' if own else ''}{name}{'**' if own else ''} | " + " | ".join(cells) + " |")
    if result["bars"]:
        lines += ["", "| bar | measured (spread) | |", "|---|---|---|"]
        for bar in result["bars"]:
            measured = f"{number(bar['value'])} ({number(bar['least'])}-{number(bar['most'])})"
            lines.append(f"| {bar['bar']} | {measured} | {'met' if bar['met'] else '**missed**'} |")
    for note in result.get("notes", []):
        lines += ["", note]
    return "\n".join(lines) + "\n"


def facts_list(found: dict[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in found.items()) + "\n"


def save(results: list[dict[str, Any]], found: dict[str, str]) -> Path:
    """Keep the raw figures of a run; returns the file."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / time.strftime("results-%Y%m%d-%H%M%S.json", time.gmtime())
    path.write_text(json.dumps({"facts": found, "argv": sys.argv, "results": results}, indent=1))
    return path


def write_page(results: list[dict[str, Any]], found: dict[str, str], part: str) -> None:
    """Replace these rows, and the facts of this part, between their markers in docs/benchmarks.md."""
    page = PAGE.read_text()
    blocks = {result["name"]: table(result) for result in results} | {f"facts {part}": facts_list(found)}
    for name, text in blocks.items():
        mark = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
        if not mark.search(page):
            raise SystemExit(f"docs/benchmarks.md has no place marked <!-- {name} -->")
        page = mark.sub(lambda found, text=text: found[1] + text + found[2], page)  # type: ignore[misc]
    PAGE.write_text(page)
