"""nginx in front: the application is told of nginx's client, whatever that client made up."""

from __future__ import annotations

from pathlib import Path

from tests.interop.fronts import through_nginx
from tests.servers.serving import Server

APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]
"""


def test_the_client_of_nginx_reaches_the_application(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    options = ["--workers", "1", "--trusted-proxies", "127.0.0.1"]
    with Server("site_app:app", *options, cwd=tmp_path) as server:
        # The socket file's client has no address, so nginx is told one: that of a client in front of it.
        real_ip = "set_real_ip_from unix:; real_ip_header X-Test-Client;"
        location = f"""proxy_pass http://127.0.0.1:{server.port};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;"""
        fields = ["-H", "X-Test-Client: 192.0.2.7", "-H", "X-Forwarded-For: 203.0.113.66"]
        found = through_nginx(tmp_path, "/", *fields, location=location, server=real_ip)
    assert found == "192.0.2.7 https"
