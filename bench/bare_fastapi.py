"""FastAPI under uvicorn with one route, at a port: the least that a program with an HTTP API can be."""

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/readyz")
def ready() -> dict[str, bool]:
    """Say that it is there."""
    return {"ready": True}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
