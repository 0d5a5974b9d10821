"""Hello from Flask, as its quickstart has it."""

from flask import Flask, Response

app = Flask(__name__)


@app.get("/")
def hello() -> Response:
    return Response(b"Hello, world!", content_type="text/plain")
