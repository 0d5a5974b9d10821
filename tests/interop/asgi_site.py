"""Starlette, FastAPI and Django behind one ASGI application, each under its own prefix; written to a directory."""

STARLETTE = """
import asyncio

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

done = []

class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-passed"] = "yes"
        return response


async def hello(request):
    return PlainTextResponse(f"hello {request.path_params['name']}")


async def upload(request):
    size = 0
    async for part in request.stream():
        size += len(part)
    return PlainTextResponse(str(size))


async def download(request):
    left = int(request.query_params["size"])

    async def parts():
        nonlocal left
        while left:
            part = bytes(min(left, 65536))
            left -= len(part)
            yield part

    return StreamingResponse(parts())


async def background(request):
    async def work():
        await asyncio.sleep(0.05)
        done.append(1)

    return PlainTextResponse("begun", background=BackgroundTask(work))


async def events(request):
    async def ticks():
        try:
            while True:
                yield "data: tick\\n\\n"
                await asyncio.sleep(0.01)
        finally:
            done.append(1)

    return StreamingResponse(ticks(), media_type="text/event-stream")


async def count(request):
    return PlainTextResponse(str(len(done)))


async def memory(request):
    import resource

    return PlainTextResponse(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


async def file(request):
    return FileResponse(__file__)


app = Starlette(
    routes=[
        Route("/hello/{name}", hello), Route("/upload", upload, methods=["POST"]), Route("/download", download),
        Route("/background", background), Route("/events", events), Route("/count", count),
        Route("/memory", memory), Route("/file", file),
    ],
)
wrapped = Starlette(routes=[Route("/hello/{name}", hello)], middleware=[Middleware(Passing)])
"""

FASTAPI = """
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, Request, UploadFile
from pydantic import BaseModel


@asynccontextmanager
async def lifespan(app):
    yield {"pool": "open"}


app = FastAPI(lifespan=lifespan)
done = []


class Item(BaseModel):
    name: str
    price: float


async def state(request: Request):
    return request.state.pool


@app.post("/items")
async def items(item: Item, pool: str = Depends(state)):
    return {"name": item.name, "price": item.price * 2, "pool": pool}


@app.get("/blocking/{n}")
def blocking(n: int, tasks: BackgroundTasks):
    tasks.add_task(done.append, n)
    return {"n": n}


@app.get("/done")
async def get_done():
    return done


@app.post("/file")
async def file(note: str = Form(), file: UploadFile = File()):
    return {"note": note, "name": file.filename, "size": len(await file.read())}
"""

DJANGO = """
import os
import sys
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).parent
settings.configure(
    DEBUG=False,
    SECRET_KEY="for the tests only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def upload(request):
    return HttpResponse(str(sum(len(part) for part in request.FILES["file"].chunks())))


async def later(request):
    import asyncio

    await asyncio.sleep(0.01)
    return HttpResponse("later")


urlpatterns = [path("admin/", admin.site.urls), path("upload", upload), path("later", later)]

if __name__ == "__main__":
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", "", "secret")
else:
    from django.core.asgi import get_asgi_application

    app = get_asgi_application()
"""


def write_sites(directory):
    """The modules star_site, fast_site and django_site, each with an `app`."""
    (directory / "star_site.py").write_text(STARLETTE)
    (directory / "fast_site.py").write_text(FASTAPI)
    (directory / "django_site.py").write_text(DJANGO)
