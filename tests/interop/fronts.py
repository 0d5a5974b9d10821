"""nginx in front of a server of the tests, asked by curl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psutil

from tests.servers.serving import curl

CONF = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off;
  server {{
    listen unix:{folder}/front;
    {server}
    location / {{
      {location}
    }}
  }}
}}
"""


def through_nginx(folder: Path, path: str, *options: str, location: str, server: str = "") -> str:
    """What curl gets at `path`, by a socket file, from an nginx with these words in its location and in its server."""
    config = folder / "nginx.conf"
    config.write_text(CONF.format(folder=folder, location=location, server=server))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with subprocess.Popen([nginx, "-c", str(config), "-p", str(folder)], stderr=subprocess.PIPE) as process:
        try:
            patient = ("--retry", "20", "--retry-all-errors", "--retry-delay", "1", *options)
            return curl(*patient, "--unix-socket", f"{folder}/front", f"http://localhost{path}").decode()
        finally:
            psutil.Process(process.pid).kill()
