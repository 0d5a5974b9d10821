"""Load on a running server: one answer is checked byte by byte, then a client asks, then its counts are checked.

A run is worth nothing if a request failed or an answer was not the one that was checked, so either raises ServerFailed.
"""

import json
import re
import resource
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import apps
from benchmarks.servers.contenders import compiled
from benchmarks.servers.process import Server, ServerFailed

WARM_UP_S = 1  # wrk knows whole seconds only
CLIENT_BOUND = 0.97  # of one core: from here on the load generator is the limit, not the server


@dataclass(frozen=True)
class Load:
    workload: str
    method: str = "GET"
    body_bytes: int = 0
    depth: int = 1  # requests sent at once on a connection
    close: bool = False  # a connection a request
    connections: int = 64

    def expected_body(self) -> bytes:
        if self.workload == "echo":
            return b"x" * self.body_bytes
        return apps.BIG if self.workload == "big" else apps.HELLO


def receive_answer(sock: socket.socket) -> bytes:
    """One whole answer with a Content-Length."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
        if found and length and len(body) >= int(length[1]):
            return data
        more = sock.recv(1 << 17)
        if not more:
            raise ServerFailed(f"closed in the middle of an answer: {data[:200]!r}")
        data += more


def check_answer(server: Server, load: Load) -> int:
    """Ask once; the answer must be 200 with the expected body and length. Returns its bytes on the wire."""
    lines = [f"{load.method} / HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    if load.body_bytes:
        lines.append(f"Content-Length: {load.body_bytes}")
    if load.close:
        lines.append("Connection: close")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + b"x" * load.body_bytes)
        answer = receive_answer(sock)
        ended = load.close and sock.recv(1) == b""
    body = answer.partition(b"\r\n\r\n")[2]
    if not answer.startswith(b"HTTP/1.1 200 ") or body != load.expected_body():
        raise ServerFailed(f"{server.contender.name} answered {answer[:300]!r}\n{server.log()}")
    if load.close and not ended:
        raise ServerFailed(f"{server.contender.name} did not close the connection when asked to")
    return len(answer)


def drive(server: Server, load: Load, seconds: int, core: int | None) -> dict[str, float]:
    """Load the server; returns the client's counts, and its own CPU seconds as "client_cpu_s"."""
    command = ["taskset", "-c", str(core)] if core is not None else []
    if load.depth > 1:
        body = load.expected_body().decode()
        command += [compiled("pipeliner"), str(server.port), str(load.connections), str(load.depth), str(seconds),
                    str(server.answer_bytes), body]  # fmt: skip
    else:
        if shutil.which("wrk") is None:
            raise ServerFailed("wrk is not installed: apt install wrk")
        script = str(Path(__file__).with_name("wrk.lua"))
        url = f"http://127.0.0.1:{server.port}/"
        command += ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "20s", "-s", script, url,
                    "--", load.method, str(load.body_bytes), str(int(load.close))]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"^RESULT (\{.*\})$", ran.stdout, re.M)
    if ran.returncode or not found:
        raise ServerFailed(f"the load on {server.contender.name} failed: {ran.stdout}{ran.stderr}\n{server.log()}")
    result = json.loads(found[1])
    errors = {kind: n for kind, n in result.pop("errors").items() if n}
    if errors or not result["requests"]:
        raise ServerFailed(f"{server.contender.name}: {result['requests']} answers, errors {errors}\n{server.log()}")
    result["client_cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {key: float(value) for key, value in result.items()}


def measure(server: Server, load: Load, seconds: int, core: int | None) -> dict[str, float]:
    """Check, warm up, load; returns the figures of one run by name, units last."""
    server.answer_bytes = answer_bytes = check_answer(server, load)
    drive(server, load, WARM_UP_S, core)
    result, cpu_s = server.cpu_of(lambda: drive(server, load, seconds, core))
    sizes = result["bytes"] / result["requests"]
    # the answers under way when the client stops are in its bytes but not among its requests
    spare = load.connections * load.depth * answer_bytes / result["requests"]
    if not answer_bytes - 8 <= sizes <= answer_bytes + 8 + spare:
        raise ServerFailed(f"{server.contender.name}: {sizes:.1f} bytes an answer, {answer_bytes} were checked")
    duration_s = result["duration_us"] / 1e6
    rss_kib, pss_kib = server.memory_kib(server.worker())
    return {
        "requests_per_s": result["requests"] / duration_s,
        "requests_per_cpu_s": result["requests"] / cpu_s,
        "server_cores": cpu_s / duration_s,
        "client_cores": result["client_cpu_s"] / duration_s,
        "p50_us": result["p50_us"],
        "p99_us": result["p99_us"],
        "p99_over_p50": result["p99_us"] / result["p50_us"],
        "worker_rss_mib": rss_kib / 1024,
        "worker_pss_mib": pss_kib / 1024,
        "answer_bytes": answer_bytes,
    }
