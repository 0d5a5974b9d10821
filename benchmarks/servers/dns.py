"""The rows of DNS: one zone of a thousand hosts, served by each server and asked over UDP by dnsperf.

Nine in ten names exist, and the answer is one address; the tenth does not. Before a run one answer is looked at; after
it every query must have been answered, in those shares.
"""

import random
import re
import shutil
import socket
import subprocess
from pathlib import Path

from benchmarks.servers.contenders import PYTHON, Contender
from benchmarks.servers.process import Server, ServerFailed
from fastnet.codecs.dns import Message
from fastnet.codecs.dns_data import A

HOSTS, MISSING = 1000, 111
OUTSTANDING = 64
WARM_UP_S = 1  # dnsperf knows whole seconds only


def address(number: int) -> str:
    return f"192.0.{number // 256}.{number % 256}"


def write_zone(files: Path) -> Path:
    """A zone file for all of them; and the queries beside it."""
    lines = ["$ORIGIN example.", "$TTL 300", "@ IN SOA ns1 admin 1 7200 900 1209600 60", "@ IN NS ns1"]
    lines += ["ns1 IN A 192.0.2.53", *(f"host{n} IN A {address(n)}" for n in range(HOSTS))]
    zone = files / "example.zone"
    zone.write_text("\n".join(lines) + "\n")
    queries = [f"host{n}.example. A" for n in range(HOSTS)] + [f"none{n}.example. A" for n in range(MISSING)]
    random.Random(1).shuffle(queries)
    (files / "queries").write_text("\n".join(queries) + "\n")
    files.chmod(0o755)
    return zone


KNOT_CONF = """
server:
    rundir: "{files}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{files}/db"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{files}"
    zonefile-load: whole
    journal-content: none
zone:
  - domain: example.
    file: example.zone
"""

NSD_CONF = """
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    minimal-responses: yes
    username: ""
    chroot: ""
    zonesdir: "{files}"
    database: ""
    pidfile: "{files}/nsd.pid"
    xfrdfile: "{files}/xfrd.state"
    zonelistfile: "{files}/zone.list"
    xfrdir: "{files}"
    verbosity: 0
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: example.
    zonefile: example.zone
"""


def configured(name: str, program: str, text: str, *options: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        write_zone(files)
        (files / "conf").write_text(text.format(files=files, port=port))
        return [contender.program() or program, *options, "-c", str(files / "conf")]

    contender = Contender(name, command, program)
    return contender


def fastnet_dns(model: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        serve = [PYTHON, "-m", "fastnet", "dns", "--zone", f"example={write_zone(files)}", "--model", model]
        return [*serve, "--workers", "1", "--bind", f"127.0.0.1:{port}"]

    return Contender(f"fastnet {model}", command, "import dns")


def _dnslib(workload: str, port: int, files: Path) -> list[str]:
    return [PYTHON, "-m", "benchmarks.servers.dnslib_server", str(write_zone(files)), str(port)]


KNOT = configured("knot", "knotd", KNOT_CONF)
NSD = configured("nsd", "nsd", NSD_CONF, "-d")
PREFORK, THREADED, ASYNC = fastnet_dns("prefork"), fastnet_dns("threaded"), fastnet_dns("async")
DNSLIB = Contender("dnslib", _dnslib, "import dnslib")


def check_answer(server: Server) -> int:
    """Ask once; returns the bytes of the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", server.port))
        sock.send(Message.query("host7.example.", 1, id=7).encode())
        wire = sock.recv(65535)
    answers = Message.parse(wire).answers
    if [record.data for record in answers] != [A(address(7))]:
        raise ServerFailed(f"{server.name} answered {answers!r}", server.log())
    return len(wire)


def drive(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    if shutil.which("dnsperf") is None:
        raise ServerFailed("dnsperf is not installed: apt install dnsperf")
    command = ["taskset", "-c", str(core)] if core is not None else []
    command += ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", f"{server.files}/queries", "-c", "8",
                "-T", "1", "-q", str(OUTSTANDING), "-l", str(seconds), "-t", "5"]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    def found(pattern: str) -> float:
        match = re.search(pattern, ran.stdout)
        if ran.returncode or not match:
            raise ServerFailed(f"the load on {server.name} failed: {ran.stdout[-2000:]}{ran.stderr}", server.log())
        return float(match[1])

    completed, lost = found(r"Queries completed: +(\d+)"), found(r"Queries lost: +(\d+)")
    right = found(r"NOERROR \d+ \(([\d.]+)%\)"), found(r"NXDOMAIN \d+ \(([\d.]+)%\)")
    if lost or abs(right[0] - 90) > 1 or abs(sum(right) - 100) > 0.02:
        raise ServerFailed(f"{server.name}: {lost:.0f} lost, {right[0]} % found, {right[1]} % not", server.log())
    return {
        "requests": completed,
        "requests_per_s": found(r"Queries per second: +([\d.]+)"),
        "mean_us": found(r"Average Latency \(s\): +([\d.]+)") * 1e6,
    }


def measure(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    answer_bytes = check_answer(server)
    drive(server, WARM_UP_S, core)
    before = server.cpu()
    result = drive(server, seconds, core)
    after = server.cpu()
    cpu_s = sum(after[pid] - before.get(pid, 0) for pid in after)
    return {
        "requests_per_s": result["requests_per_s"],
        "requests_per_cpu_s": result["requests"] / cpu_s,
        "server_cores": cpu_s / seconds,
        "mean_us": result["mean_us"],
        "worker_rss_mib": server.memory_kib(server.worker())[0] / 1024,
        "answer_bytes": answer_bytes,
    }
