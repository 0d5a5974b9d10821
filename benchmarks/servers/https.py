"""The row of TLS: hello over keep-alive connections, beside nginx, with certificates of the same kind.

The load is fastnet's own engine on the other core, which compares every answer with the first.
"""

from pathlib import Path

from benchmarks.servers import echo
from benchmarks.servers.contenders import PYTHON, Contender, certificate, target
from benchmarks.servers.process import Server, ServerFailed
from fastnet.bench import Result, Spec, run

CONNECTIONS = 64


def fastnet_tls(interface: str, model: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        cert, key = certificate(files)
        serve = [PYTHON, "-m", "fastnet", "serve", target(interface, workload), "--interface", interface]
        serve += ["--model", model, "--workers", "1", "--bind", f"tls://127.0.0.1:{port}"]
        return [*serve, "--tls-cert", cert, "--tls-key", key]

    return Contender(f"fastnet {interface} {model} TLS", command, "import fastnet", own=True)


PREFORK, ASYNC = fastnet_tls("wsgi", "prefork"), fastnet_tls("asgi", "async")


def measure(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    return echo.measure(server, drive, seconds, core)


def drive(server: Server, seconds: float, core: int | None) -> Result:
    cores = () if core is None else (core,)
    url = f"https://127.0.0.1:{server.port}/"
    result = run(Spec(urls=(url,), connections=CONNECTIONS, duration_s=seconds, insecure=True, cores=cores))
    if result.failed or not result.requests.answered:
        raise ServerFailed(f"{server.name}: {result.errors} {result.error_details}", server.log())
    return result
