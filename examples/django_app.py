"""A Django project in one file: fastnet serve django_app:wsgi, or django_app:asgi --model async"""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY=os.environ.get("SECRET_KEY", "only for this example"),
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
)


def hello(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": request.GET.get("name", "world")})


urlpatterns = [path("", hello)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
