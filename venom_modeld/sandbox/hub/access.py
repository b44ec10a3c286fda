"""Who may read what, and how the Hub says no: by a status, a JSON body, and two headers that tell the real reason.

An anonymous visitor cannot tell a repository that is not there from a private one: both are 401.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from venom_modeld.sandbox.hub.repositories import Repositories, Repository


class RefusedError(Exception):
    """The request is answered with a refusal."""

    def __init__(self, status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        told = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **(headers or {})}
        self.response = JSONResponse({"error": message}, status_code=status, headers=told)


def token_of(request: Request) -> str | None:
    """Return the token that a request carries, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def account_of(request: Request, repositories: Repositories) -> str | None:
    """Return the account that a request speaks for, None for an anonymous one; raises RefusedError."""
    token = token_of(request)
    if token is None:
        return None
    if token not in repositories.accounts:
        raise RefusedError(401, "Invalid credentials in Authorization header")
    return repositories.accounts[token]


def find(request: Request, repositories: Repositories, name: str) -> Repository:
    """Return a repository that the visitor may see; raises RefusedError."""
    account = account_of(request, repositories)
    repository = repositories.named.get(name)
    if repository is None or (repository.details.private and (account or "", name) not in repositories.grants):
        if account is None:
            raise RefusedError(401, "Invalid username or password.", headers={"WWW-Authenticate": "Bearer"})
        raise RefusedError(404, "Repository not found", code="RepoNotFound")
    return repository


def commit_of(repository: Repository, revision: str) -> str:
    """Return the commit that a revision names; raises RefusedError."""
    commit = repository.resolve(revision)
    if commit is None:
        raise RefusedError(404, f"Invalid rev id: {revision}", code="RevisionNotFound")
    return commit


def check_files(request: Request, repositories: Repositories, repository: Repository) -> None:
    """See that the visitor may have the files of a repository; raises RefusedError."""
    account = account_of(request, repositories)
    if not repository.details.gated or (account or "", repository.name) in repositories.grants:
        return
    name = repository.name
    if account is None:
        message = (
            f"Access to model {name} is restricted. You must have access to it and be authenticated to access it."
            " Please log in."
        )
        raise RefusedError(401, message, code="GatedRepo")
    message = f"Access to model {name} is restricted and you are not in the authorized list."
    raise RefusedError(403, message, code="GatedRepo")
