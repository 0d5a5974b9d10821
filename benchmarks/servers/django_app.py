"""Hello from Django with the settings a small JSON or text service has: no middleware, no database."""

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="benchmark", MIDDLEWARE=[], DEBUG=False)
django.setup()


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"Hello, world!", content_type="text/plain", headers={"Content-Length": "13"})


urlpatterns = [path("", hello)]
app = get_wsgi_application()
