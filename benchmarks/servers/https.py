"""The row of TLS: hello over keep-alive connections, beside nginx, with certificates of the same kind.

The load is fastnet's own engine on the other core, which compares every answer with the first.
"""

from pathlib import Path

from benchmarks.servers.contenders import NGINX, PYTHON, Contender, target
from benchmarks.servers.echo import WARM_UP_S, _certificate
from benchmarks.servers.generator import nginx_tls
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench import Result, Spec, run

CONNECTIONS = 64


def fastnet_tls(interface: str, model: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        cert, key = _certificate(files)
        serve = [PYTHON, "-m", "fastnet", "serve", target(interface, workload), "--interface", interface]
        serve += ["--model", model, "--workers", "1", "--bind", f"tls://127.0.0.1:{port}"]
        return [*serve, "--tls-cert", cert, "--tls-key", key]

    return Contender(f"fastnet {interface} {model} TLS", command, "import fastnet", own=True)


NGINX_TLS = Contender("nginx TLS", nginx_tls, NGINX.needs)
PREFORK, ASYNC = fastnet_tls("wsgi", "prefork"), fastnet_tls("asgi", "async")


def measure(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    drive(server, WARM_UP_S, core)
    before = server.cpu()
    result = drive(server, seconds, core)
    after = server.cpu()
    if before.keys() != after.keys():
        raise ServerFailed(f"{server.name}: processes changed during the run", server.log())
    cpu_s = sum(after[pid] - before[pid] for pid in after)
    return {
        "requests_per_s": result.rate,
        "requests_per_cpu_s": result.requests.answered / cpu_s,
        "server_cores": cpu_s / result.window_s,
        "client_cores": result.generator.cpu_s / result.window_s,
        "p50_us": result.latency.percentile(50) / 1e3,
        "p99_us": result.latency.percentile(99) / 1e3,
        "worker_rss_mib": server.memory_kib(server.worker())[0] / 1024,
    }


def drive(server: Server, seconds: float, core: int | None) -> Result:
    cores = () if core is None else (core,)
    url = f"https://127.0.0.1:{server.port}/"
    result = run(Spec(urls=(url,), connections=CONNECTIONS, duration_s=seconds, insecure=True, cores=cores))
    if result.failed or not result.requests.answered:
        raise ServerFailed(f"{server.name}: {result.errors} {result.error_details}", server.log())
    return result
