"""A Flask app: fastnet serve flask_app:app"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def hello() -> dict[str, str]:
    return {"hello": request.args.get("name", "world")}
