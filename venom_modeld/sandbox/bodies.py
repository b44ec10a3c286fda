"""Request bodies as Ollama reads them, whatever their content type says, and its error answers."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from venom_modeld.sandbox.gojson import describe_error, encode
from venom_modeld.sandbox.names import InvalidNameError, ModelName, parse_name

JSON_TYPE = "application/json; charset=utf-8"


class RefusedError(Exception):
    """The request is answered with an error, before anything is done."""

    def __init__(self, status: int, message: str, *, media_type: str = JSON_TYPE) -> None:
        super().__init__(message)
        self.response = answer({"error": message}, status=status, media_type=media_type)


def answer(value: object, *, status: int = 200, media_type: str = JSON_TYPE) -> Response:
    """Answer with a JSON document."""
    return Response(encode(value), status_code=status, headers={"content-type": media_type})


async def read_body(request: Request) -> dict[str, Any]:
    """Read the JSON object of a request; raises `RefusedError`."""
    raw = await request.body()
    if not raw:
        raise RefusedError(400, "missing request body")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise RefusedError(400, describe_error(raw)) from error
    if not isinstance(body, dict):
        raise RefusedError(400, "json: cannot unmarshal the body into an object")
    return body


def model_of(body: dict[str, Any]) -> str:
    """Return the name a request is about; `name` is the old word for `model`."""
    return str(body.get("model") or body.get("name") or "")


def object_of(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a part of a request that is an object, empty where it is left out; raises `RefusedError`."""
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"json: cannot unmarshal field {key} into Go value of type map[string]interface {{}}"
        raise RefusedError(400, message)
    return value


def name_or_refuse(text: str, message: str, *, status: int = 400) -> ModelName:
    """Read a name; raises `RefusedError` with the words of the call."""
    try:
        return parse_name(text)
    except InvalidNameError as error:
        raise RefusedError(status, message) from error


def streams(body: dict[str, Any]) -> bool:
    """Whether the answer is wanted line by line, which it is unless the request says no."""
    return body.get("stream") is not False
