"""A FastAPI app: fastnet serve fastapi_app:app --model async"""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def hello(name: str = "world") -> dict[str, str]:
    return {"hello": name}
