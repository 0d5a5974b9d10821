"""The load generator beside wrk: what it costs, how fast it is, and whether both see the same servers.

    python -m benchmarks.servers.generator [--rounds N] [--seconds S] [--first] [ROW...]

Rows: `cost` (requests per generator-CPU-second, and requests/s, on the C responder), `tls` (the same on nginx with
TLS), `agreement` (requests/s of three peers), `truth` (percentiles against delays that are known beforehand). Each
round starts a fresh server on one core and has both generators on the other, in an order that turns; ratios are taken
inside a round. wrk's CPU is that of its process; ours that of the threads in the window, without the interpreter's
start. 64 connections, one thread.
Exit status 3 when a bar is missed.
"""

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.servers.contenders import GUNICORN, NGINX, C, Contender, certificate, granian, uvicorn
from benchmarks.servers.delaying import delays
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench import Histogram, Spec, run

CONNECTIONS = 64
WARM_UP_S = 0.5
POISSON = {"rate": 200.0, "arrivals": "poisson"}

NGINX_TLS_CONF = """
daemon off; worker_processes 1; pid {files}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; default_type text/plain; keepalive_requests 1000000000;
    client_body_temp_path {files}; proxy_temp_path {files}; fastcgi_temp_path {files};
    uwsgi_temp_path {files}; scgi_temp_path {files};
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {files}/cert.pem; ssl_certificate_key {files}/key.pem;
        location / {{ return 200 "Hello, world!"; }}
    }}
}}
"""


def nginx_tls(workload: str, port: int, files: Path) -> list[str]:
    certificate(files)
    (files / "nginx.conf").write_text(NGINX_TLS_CONF.format(files=files, port=port))
    return [NGINX.program() or "nginx", "-c", str(files / "nginx.conf")]


NGINX_TLS = Contender("nginx TLS", nginx_tls, "nginx")
# row -> (servers, {metric: (least, most)} that the ratio ours / wrk is held to)
ROWS: dict[str, tuple[list[Contender], dict[str, tuple[float, float]]]] = {
    "cost": ([C], {"per CPU-second": (1.15, 1e9), "requests/s": (1.0, 1e9)}),
    "tls": ([NGINX_TLS], {"per CPU-second": (1.0, 1e9), "requests/s": (1.0, 1e9)}),
    "agreement": (
        [uvicorn("httptools"), GUNICORN, granian("asgi")],
        {"requests/s": (0.95, 1.05), "per server-CPU-second": (0.95, 1.05)},
    ),
}  # fmt: skip


def by_wrk(url: str, seconds: int, core: int) -> dict[str, float]:
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, rate = re.search(r"(\d+) requests in", ran), re.search(r"Requests/sec: +([\d.]+)", ran)
    if not requests or not rate or "Socket errors" in ran or "Non-2xx" in ran:
        raise ServerFailed(f"wrk: {ran}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"per CPU-second": int(requests[1]) / cpu_s, "requests/s": float(rate[1]), "answers": int(requests[1])}


def by_us(url: str, seconds: float, core: int) -> dict[str, float]:
    result = run(Spec(urls=(url,), connections=CONNECTIONS, duration_s=seconds, cores=(core,), insecure=True))
    if result.failed:
        raise ServerFailed(f"fastnet bench: {result.errors} {result.error_details} {result.ended_early}")
    return {
        "per CPU-second": result.requests.in_window / result.generator.cpu_s,
        "requests/s": result.rate,
        "answers": result.requests.answered,
    }


def measure(row: str, rounds: int, seconds: int, cores: tuple[int, int]) -> bool:
    """Print the row's tables; whether all of its bars are met."""
    contenders, bars = ROWS[row]
    met = True
    for contender in contenders:
        ratios: dict[str, list[float]] = {metric: [] for metric in bars}
        for turn in range(rounds):
            with Server(contender, "hello", cores[0]) as server:
                scheme = "https" if contender is NGINX_TLS else "http"
                url = f"{scheme}://127.0.0.1:{server.port}/"
                by_us(url, WARM_UP_S, cores[1])
                found = {}
                for one in (by_us, by_wrk) if turn % 2 else (by_wrk, by_us):
                    before = sum(server.cpu().values())
                    found[one] = one(url, seconds, cores[1])
                    # Every answer, not only those of the window: the server's CPU is of them all.
                    found[one]["per server-CPU-second"] = found[one]["answers"] / (sum(server.cpu().values()) - before)
                ours, theirs = found[by_us], found[by_wrk]
            for metric in bars:
                ratios[metric].append(ours[metric] / theirs[metric])
            shown = ", ".join(f"{metric} {ours[metric]:,.0f} / {theirs[metric]:,.0f}" for metric in bars)
            print(f"{row} {turn + 1}/{rounds} {contender.name}: {shown}", file=sys.stderr, flush=True)
        for metric, (least, most) in bars.items():
            median = statistics.median(ratios[metric])
            is_met = least <= median <= most
            met &= is_met
            bar = f">= {least:g}" if most > 1e6 else f"{least:g} to {most:g}"
            spread = f"{min(ratios[metric]):.2f}-{max(ratios[metric]):.2f}"
            print(
                f"| {contender.name}: {metric}, ours / wrk | {bar} | {median:.3f} ({spread}) | "
                f"{'met' if is_met else '**missed**'} |", flush=True,
            )  # fmt: skip
    return met


def _first_in_line() -> None:
    """Run before other work of the machine, where that is allowed (root): it would be in every figure otherwise."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # inherited by the server and by the threads
    except PermissionError:
        print("no right to a real-time priority: this is for a quiet machine only", file=sys.stderr)


def truth(cores: tuple[int, int]) -> bool:
    """Percentiles of a server with seeded delays, in both loops: within 2% of those of the delays themselves."""
    met = True
    _first_in_line()
    for name, options in (("closed", {}), ("open", {"rate": 200.0}), ("open, poisson", POISSON)):
        command = ["taskset", "-c", str(cores[0]), sys.executable, "-m", "benchmarks.servers.delaying"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin and server.stdout
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
            connections = 300 if options else 64  # in the open loop, enough that none is waited for
            spec = Spec(urls=(url,), connections=connections, requests=1000, cores=(cores[1],), **options)  # type: ignore[arg-type]
            result = run(spec)
            server.stdin.close()
            late = server.stdout.read().split()
        known = Histogram()
        for delay in delays(1000):
            known.record(int(delay * 1e9))
        for p in (50, 90, 99):
            ratio = result.latency.percentile(p) / known.percentile(p)
            is_met = 0.998 <= ratio <= 1.02 and result.requests.answered == 1000
            met &= is_met
            verdict = "met" if is_met else "**missed**"
            print(f"| {name}: p{p}, reported / known | 0.998 to 1.02 | {ratio:.4f} | {verdict} |")
        print(f"truth {name}: the server was late by {late[0]} ms (median), {late[1]} ms (most)", file=sys.stderr)
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS, "truth"], help="all when none is named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--first", action="store_true", help="at a real-time priority, on a machine that is busy")
    args = parser.parse_args()
    if args.first:
        _first_in_line()
    usable = sorted(os.sched_getaffinity(0))
    cores = (usable[0], usable[-1])
    print("| | bar | median (spread) | |\n|---|---|---|---|")
    met = [
        truth(cores) if row == "truth" else measure(row, args.rounds, args.seconds, cores)
        for row in args.rows or (*ROWS, "truth")
    ]
    return 0 if all(met) else 3


if __name__ == "__main__":
    sys.exit(main())
