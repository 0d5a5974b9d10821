"""WebSocket echo per CPU-second of the server: a handler of fastnet's against picows, ASGI against uvicorn.

    taskset -c 1 python -m benchmarks.websocket [case ...] [--rounds N] [--seconds S]

The load is a program (servers/websocket_load.c): 64 connections, each with one masked message in flight; the length of
every answer is checked. A round has every contender, a fresh server each, in an order that rotates; ratios are taken
within a round. The exit status is 3 when a bar was missed.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import command, report
from benchmarks.bars import Bar
from benchmarks.servers.contenders import ROOT, compiled
from fastnet.bench.processes import ServerProcess, free_port

APPS = "benchmarks.servers.websocket_apps"
FASTNET = [sys.executable, "-m", "fastnet", "serve", "--workers", "1", "--bind"]
UVICORN = [sys.executable, "-m", "uvicorn", f"{APPS}:app", "--ws", "websockets-sansio", "--loop", "uvloop"]
CASES = {"websocket-64": 64, "websocket-1024": 1024}
CONTENDERS = {
    "fastnet prefork": [*FASTNET, "tcp://127.0.0.1:{port}", f"{APPS}:handler"],
    "fastnet async": [*FASTNET, "tcp://127.0.0.1:{port}", f"{APPS}:handler", "--model", "async"],
    "picows": [sys.executable, "-m", APPS, "{port}"],
    "fastnet ASGI, prefork": [*FASTNET, "127.0.0.1:{port}", f"{APPS}:app"],
    "fastnet ASGI, async": [*FASTNET, "127.0.0.1:{port}", f"{APPS}:app", "--model", "async"],
    "uvicorn": [*UVICORN, "--log-level", "warning", "--port", "{port}"],
}
METRIC = "requests_per_cpu_s"
BARS = [
    Bar("fastnet prefork", METRIC, 1.05, "picows"),
    Bar("fastnet async", METRIC, 1.05, "picows"),
    Bar("fastnet ASGI, prefork", METRIC, 1.5, "uvicorn"),
    Bar("fastnet ASGI, async", METRIC, 1.5, "uvicorn"),
]
CONNECTIONS = 64
WARM_UP_S = 0.5


def run_case(name: str, rounds: int, seconds: float, contenders: Sequence[str] = tuple(CONTENDERS)) -> dict[str, Any]:
    figures: dict[str, dict[str, list[float]]] = {each: {METRIC: [], "requests_per_s": []} for each in contenders}
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    for turn in range(rounds):
        for each in report.rotated(contenders, turn):
            port = free_port()
            serve = [part.format(port=port) for part in CONTENDERS[each]]
            with ServerProcess(each, serve, port, environment=path) as server:
                load = [compiled("websocket_load"), str(port), str(CONNECTIONS), str(CASES[name])]
                # First a while that does not count: what listens may still be loading.
                subprocess.run([*load, str(WARM_UP_S)], capture_output=True, check=True)
                before = sum(server.cpu().values())
                ran = subprocess.run([*load, str(seconds)], capture_output=True, text=True, check=True)
                rate = float(ran.stdout)
                spent = max(sum(server.cpu().values()) - before, 1e-3)
            figures[each]["requests_per_s"].append(rate)
            figures[each][METRIC].append(rate * seconds / spent)
    result = {
        "name": name,
        "title": f"WebSocket: echo of {CASES[name]} B, {CONNECTIONS} connections",
        "command": f"python -m benchmarks.websocket {name} --rounds {rounds}",
        "rounds": rounds,
        "seconds": seconds,
        "metrics": [METRIC, "requests_per_s"],
        "rank": METRIC,
        "contenders": figures,
    }
    return report.judged(result, BARS)


def main() -> int:
    return command.run(__doc__, list(CASES), run_case, "", rounds=5, seconds=2.0)


if __name__ == "__main__":
    sys.exit(main())
