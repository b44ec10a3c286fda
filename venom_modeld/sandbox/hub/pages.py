"""The API of the Hub about one repository: its page, its tree of files, its branches, and who asks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from venom_modeld.sandbox.hub.access import RefusedError, account_of, check_files, commit_of, find
from venom_modeld.sandbox.hub.content import Stored
from venom_modeld.sandbox.hub.listing import MAX_PAGE, list_models
from venom_modeld.sandbox.hub.repositories import Repositories, Repository, page

_POINTER = 134
"""Bytes of what git holds in place of a file that is stored apart."""


class Pages:
    """Answers about the repositories of one Hub; `page_size` is how many entries a page of a list has."""

    def __init__(self, repositories: Repositories, *, page_size: int) -> None:
        self._repositories = repositories
        self._page_size = page_size

    async def whoami(self, request: Request) -> Response:
        """Tell whose token a request carries."""
        account = account_of(request, self._repositories)
        if account is None:
            raise RefusedError(401, "Invalid username or password.")
        return JSONResponse({"type": "user", "name": account, "auth": {"type": "access_token"}})

    async def models(self, request: Request) -> Response:
        """List models."""
        account_of(request, self._repositories)
        found = list_models(self._repositories, request.query_params, page_size=self._page_size)
        return JSONResponse(found.entries, headers=_next(request, found.following))

    async def model(self, request: Request) -> Response:
        """Show a repository at a revision."""
        repository, commit = self._at(request)
        files = repository.commits[commit].values()
        blobs = request.query_params.get("blobs", "").lower() in ("true", "1")
        shown = {key: value for key, value in page(repository).items() if value is not None}
        shown |= {"sha": commit, "siblings": [_sibling(file, blobs=blobs) for file in files]}
        return JSONResponse(shown, headers={"X-Repo-Commit": commit})

    async def tree(self, request: Request) -> Response:
        """List the files of a revision, in pages."""
        repository, commit = self._at(request)
        deep = request.query_params.get("recursive", "").lower() == "true"
        below = request.path_params.get("path", "").strip("/")
        entries = _tree(repository, commit, f"{below}/" if below else "", deep=deep)
        if below and not entries:
            raise RefusedError(404, f"{below} does not exist on {commit}", code="EntryNotFound")
        start = int(request.query_params.get("cursor", "0"))
        size = min(int(request.query_params.get("limit", str(MAX_PAGE))), MAX_PAGE)
        following = urlencode({"recursive": deep, "limit": size, "cursor": start + size})
        headers = {"X-Repo-Commit": commit, **_next(request, following if start + size < len(entries) else None)}
        return JSONResponse(entries[start : start + size], headers=headers)

    async def refs(self, request: Request) -> Response:
        """List branches and tags."""
        repository = find(request, self._repositories, name_of(request))
        kinds: dict[str, list[dict[str, str]]] = {"branches": [], "tags": [], "converts": []}
        for name, commit in repository.refs.items():
            kind, where = ("tags", "tags") if name in repository.tags else ("branches", "heads")
            kinds[kind].append({"name": name, "ref": f"refs/{where}/{name}", "targetCommit": commit})
        return JSONResponse(kinds)

    async def auth_check(self, request: Request) -> Response:
        """Tell whether the visitor may have the files."""
        repository = find(request, self._repositories, name_of(request))
        check_files(request, self._repositories, repository)
        return Response()

    async def xet_token(self, request: Request) -> Response:
        """Send the visitor on to the storage behind the Hub's own protocol."""
        find(request, self._repositories, name_of(request))
        headers = {
            "X-Xet-Cas-Url": f"{str(request.base_url).rstrip('/')}/cas",
            "X-Xet-Access-Token": "sandbox",
            "X-Xet-Token-Expiration": "4102444800",
        }
        return JSONResponse({}, headers=headers)

    def _at(self, request: Request) -> tuple[Repository, str]:
        repository = find(request, self._repositories, name_of(request))
        return repository, commit_of(repository, request.path_params.get("revision", "main"))


def name_of(request: Request) -> str:
    """Return the repository that a request is about."""
    return f"{request.path_params['owner']}/{request.path_params['name']}"


def _next(request: Request, query: str | None) -> Mapping[str, str]:
    return {} if query is None else {"Link": f'<{request.url.replace(query=query)}>; rel="next"'}


def _sibling(file: Stored, *, blobs: bool) -> Mapping[str, Any]:
    if not blobs:
        return {"rfilename": file.path}
    shown: dict[str, Any] = {"rfilename": file.path, "size": file.content.size, "blobId": _git_hash(file)}
    if file.apart:
        shown["lfs"] = {"sha256": file.content.sha256, "size": file.content.size, "pointerSize": _POINTER}
    return shown


def _tree(repository: Repository, commit: str, below: str, *, deep: bool) -> list[Mapping[str, Any]]:
    entries: dict[str, Mapping[str, Any]] = {}
    for path, file in repository.commits[commit].items():
        if not path.startswith(below):
            continue
        folder, slash, _ = path[len(below) :].partition("/")
        if slash and not deep:
            entries[below + folder] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": below + folder}
        else:
            entries[path] = _entry(repository, file)
    return list(entries.values())


def _entry(repository: Repository, file: Stored) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"type": "file", "oid": _git_hash(file), "size": file.content.size, "path": file.path}
    if file.apart:
        shown["lfs"] = {"oid": file.content.sha256, "size": file.content.size, "pointerSize": _POINTER}
        if repository.details.xet:
            shown["xetHash"] = file.content.sha256
    return shown


def _git_hash(file: Stored) -> str:
    """Return what git names a file by; of one that is stored apart git holds a pointer, named by its hash here."""
    return file.content.sha256[:40] if file.apart else file.content.git_sha1
