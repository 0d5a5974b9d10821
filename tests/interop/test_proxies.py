"""nginx in front: the application is told of nginx's client, whatever that client made up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psutil

from tests.servers.serving import PATIENCE_S, Server

APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]
"""
CURL = ["curl", "-sS", "--retry", "20", "--retry-all-errors", "--retry-delay", "1"]


def test_the_client_of_nginx_reaches_the_application(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    options = ["--workers", "1", "--trusted-proxies", "127.0.0.1"]
    with Server("site_app:app", *options, cwd=tmp_path) as server:
        # The socket file's client has no address, so nginx is told one: that of a client in front of it.
        (tmp_path / "nginx.conf").write_text(
            f"""daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/log;
events {{}}
http {{
  access_log off;
  server {{
    listen unix:{tmp_path}/front;
    set_real_ip_from unix:; real_ip_header X-Test-Client;
    location / {{
      proxy_pass http://127.0.0.1:{server.port};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""
        )
        command = [nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            try:
                fields = ["-H", "X-Test-Client: 192.0.2.7", "-H", "X-Forwarded-For: 203.0.113.66"]
                through = [*CURL, *fields, "--unix-socket", f"{tmp_path}/front", "http://localhost/"]
                found = subprocess.run(through, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
                assert found.stdout == "192.0.2.7 https"
            finally:
                psutil.Process(process.pid).kill()
