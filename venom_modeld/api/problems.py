"""Errors as problem bodies (RFC 9457), all of one shape, whatever raised them. No traceback ever reaches a caller."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from venom_modeld.api.masking import masked
from venom_modeld.api.models_common import FieldProblem, Problem
from venom_modeld.api.ports import NoSuchOperation, NoSuchPlan, NotPossibleNow
from venom_modeld.core.edits import EditRefused, Refusal
from venom_modeld.core.errors import ModeldError, TemporaryError

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldProblem] = (),
    reasons: Sequence[str] = (),
    diff: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error of ours as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=list(errors) or None,
        reasons=list(reasons) or None,
        diff=diff or None,
    )
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make an application answer every error with a problem body."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for missing in (NoSuchOperation, NoSuchPlan):
        app.add_exception_handler(missing, _missing)
    app.add_exception_handler(NotPossibleNow, _conflict)
    app.add_exception_handler(EditRefused, _refused)
    app.add_exception_handler(ModeldError, _failed)
    app.add_exception_handler(Exception, _unexpected)


_DETAILS = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take this method; /docs lists what it takes.",
}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this class alone
    standard = error.detail == HTTPStatus(error.status_code).phrase
    detail = _DETAILS.get(error.status_code, error.detail) if standard else error.detail
    headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(error.status_code, detail, headers=headers)


def _allowed(request: Request) -> str:
    """Return the methods of an address; each is a route of its own, and the first one knows only of itself."""
    routes = [one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for one in routes for method in getattr(one, "methods", None) or ()}))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for this class alone
    found = [FieldProblem(where=_place(one["loc"]), message=one["msg"]) for one in error.errors()]
    detail = "; ".join(f"{one.where}: {one.message}" for one in found)
    return problem(422, f"The request is not valid: {detail}.", errors=found)


def _place(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location)


async def _missing(_: Request, error: Exception) -> Response:
    return problem(404, str(error))


async def _conflict(_: Request, error: Exception) -> Response:
    return problem(409, str(error))


_REFUSALS = {
    Refusal.UNKNOWN: 404,
    Refusal.SEVERAL: 409,
    Refusal.CONFLICT: 409,
    Refusal.OUTDATED: 409,
    Refusal.BROKEN: 409,
    Refusal.INVALID: 422,
    Refusal.LOCKED: 403,
    Refusal.FULL: 507,
    Refusal.FAILED: 500,
}


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, EditRefused)  # noqa: S101 - it is registered for this class alone
    diff = masked(error.diff)
    detail = f"{error}. Commit this instead:\n\n{diff}" if error.why is Refusal.LOCKED else str(error)
    return problem(_REFUSALS[error.why], detail, diff=diff)


async def _failed(_: Request, error: Exception) -> Response:
    return problem(503 if isinstance(error, TemporaryError) else 500, str(error))


async def _unexpected(_: Request, __: Exception) -> Response:
    return problem(500, "Something went wrong inside the daemon; its log says what.")
