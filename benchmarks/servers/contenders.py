"""How each server is started: one worker, loopback, its fastest documented settings, logs off.

A contender is a name and a function from (workload, port, directory for its files) to a command line. Workloads are the
names of the apps in apps.py without their prefix ("hello", "big", "echo", "burn") and the frameworks ("flask" ...).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "benchmarks"
PYTHON = sys.executable
FRAMEWORKS = ("flask", "django", "starlette")

Command = Callable[[str, int, Path], list[str]]


@dataclass(frozen=True)
class Contender:
    name: str
    command: Command
    needs: str  # a program, or a module written "import NAME"
    own: bool = False  # ours, or the limit: neither is a peer

    def available(self) -> bool:
        if self.needs.startswith("import "):
            return importlib.util.find_spec(self.needs.removeprefix("import ")) is not None
        return self.program() is not None

    def program(self) -> str | None:
        return shutil.which(self.needs, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def target(interface: str, workload: str) -> str:
    if workload in FRAMEWORKS:
        return f"benchmarks.servers.{workload}_app:app"
    return f"benchmarks.servers.apps:{interface}_{workload}"


def compiled(name: str, *libraries: str) -> str:
    """The program made of NAME.c beside this file, with `libraries` (-lssl); compiled when its text is newer."""
    source, program = Path(__file__).with_name(f"{name}.c"), BUILD / name
    changed = max(text.stat().st_mtime for text in (source, *source.parent.glob("*.h")))
    if not program.exists() or program.stat().st_mtime < changed:
        BUILD.mkdir(parents=True, exist_ok=True)
        fresh = BUILD / f"{name}.{os.getpid()}"
        compiler = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-o", str(fresh)]
        subprocess.run([*compiler, str(source), *libraries], check=True)
        fresh.replace(program)
    return str(program)


def certificate(files: Path) -> list[str]:
    """The files of a server's certificate and its key, of an authority that nobody knows."""
    import trustme

    found = [str(files / "cert.pem"), str(files / "key.pem")]
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(found[0])
    issued.private_key_pem.write_to_path(found[1])
    return found


def responder(workload: str, port: int, files: Path) -> list[str]:
    return [compiled("responder"), str(port), workload]


def fastnet(interface: str, model: str, *options: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        serve = [PYTHON, "-m", "fastnet", "serve", target(interface, workload), "--interface", interface]
        return [*serve, "--model", model, "--workers", "1", "--bind", f"127.0.0.1:{port}", *options]

    return Contender(f"fastnet {interface} {model}", command, "import fastnet", own=True)


def launched(peer: str, interface: str, *options: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        return [PYTHON, "-m", "benchmarks.servers.launch", peer, target(interface, workload), str(port), *options]

    return Contender(" ".join((peer, interface, *options)), command, f"import {peer}")


def uvicorn(http: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        serve = [PYTHON, "-m", "uvicorn", target("asgi", workload), "--port", str(port), "--http", http]
        return [*serve, "--loop", "uvloop", "--no-proxy-headers", "--no-access-log", "--log-level", "warning",
                "--timeout-keep-alive", "75"]  # fmt: skip

    return Contender(f"uvicorn {http}", command, "import uvicorn")


def granian(interface: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        serve = [PYTHON, "-m", "granian", target(interface, workload), "--interface", interface, "--port", str(port)]
        threads = ["--blocking-threads", "1"] if interface == "wsgi" else ["--loop", "uvloop"]
        return [*serve, *threads, "--workers", "1", "--http", "1", "--no-ws", "--log-level", "warning"]

    return Contender(f"granian {interface}", command, "import granian")


def gunicorn(workload: str, port: int, files: Path) -> list[str]:
    serve = [PYTHON, "-m", "gunicorn", target("wsgi", workload), "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    return [*serve, "--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]


def socketify(interface: str) -> Contender:
    def command(workload: str, port: int, files: Path) -> list[str]:
        serve = [PYTHON, "-m", "socketify", target(interface, workload), "--interface", interface]
        return [*serve, "--port", str(port), "--workers", "1", "--disable-listen-log", "True"]

    return Contender(f"socketify {interface}", command, "import socketify")


NGINX_CONF = """
daemon off; worker_processes 1; pid {files}/nginx.pid; error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
    access_log off; default_type text/plain; keepalive_requests 1000000000; sendfile on;
    client_body_temp_path {files}; proxy_temp_path {files}; fastcgi_temp_path {files};
    uwsgi_temp_path {files}; scgi_temp_path {files};
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ {answer} }}
    }}
}}
"""

H2O_CONF = """
listen: {{host: 127.0.0.1, port: {port}}}
num-threads: 1
max-connections: 16384
{user}
hosts: {{default: {{paths: {{"/": {{file.dir: {files}}}}}}}}}
file.index: ["answer.txt"]
"""


def nginx(workload: str, port: int, files: Path) -> list[str]:
    answer = 'return 200 "Hello, world!";'
    if workload == "big":
        (files / "answer.txt").write_bytes(b"x" * 65536)
        files.chmod(0o755)
        answer = f"root {files}; index answer.txt;"
    conf = files / "nginx.conf"
    conf.write_text(NGINX_CONF.format(files=files, port=port, answer=answer))
    return [NGINX.program() or "nginx", "-c", str(conf)]


def h2o(workload: str, port: int, files: Path) -> list[str]:
    (files / "answer.txt").write_bytes(b"x" * 65536 if workload == "big" else b"Hello, world!")
    conf = files / "h2o.conf"
    conf.write_text(H2O_CONF.format(files=files, port=port, user="user: root" if os.getuid() == 0 else ""))
    return [H2O.program() or "h2o", "-c", str(conf)]


C = Contender("C", responder, "cc", own=True)
NGINX = Contender("nginx", nginx, "nginx")
H2O = Contender("h2o", h2o, "h2o")
GUNICORN = Contender("gunicorn gthread", gunicorn, "import gunicorn")
