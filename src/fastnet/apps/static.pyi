"""Files in front of an app: a GET or HEAD that names one is answered by the kernel (sendfile), all else by the app."""

from fastnet.apps.asgi import ASGIApp
from fastnet.apps.static_files import StaticFiles
from fastnet.apps.wsgi import WSGIApp
from fastnet.apps.wsgi_pool import PooledWSGIApp

class StaticApp:
    """`files` in front of the app `inner`."""

    def __init__(self, inner: WSGIApp | ASGIApp | PooledWSGIApp, files: StaticFiles) -> None: ...
