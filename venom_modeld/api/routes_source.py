"""The call that has the repository of the file fetched at once, for forges and for people.

A forge says that something was pushed by a call of its own form, and many cannot send a bearer token. Where the
settings hold a secret, such a call proves itself by it instead: by a digest of its body (GitHub, Gitea, Forgejo), or by
the secret itself (GitLab). Nothing that it says is used: what to fetch, and from where, the settings say.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from venom_modeld.api.headers import hardened, header
from venom_modeld.api.models_source import FetchAnswer
from venom_modeld.api.problems import problem

PATH = "/api/v1/source/fetch"

LONGEST = 25 * 1024 * 1024
"""Bytes of the longest body: GitHub sends no longer one. It is looked at piece by piece and kept nowhere."""

_DIGEST, _TOKEN = b"x-hub-signature-256", b"x-gitlab-token"


@dataclass(frozen=True, slots=True)
class Fetching:
    """The call, and what it sets off."""

    ring: Callable[[], None] | None

    async def fetch(self) -> FetchAnswer:
        """Fetch the repository that the file comes from. Webhooks of forges may call it too."""
        if self.ring is None:
            raise HTTPException(409, "The file comes from no repository; set source.git.url in the daemon's settings.")
        self.ring()
        return FetchAnswer(message="The repository is being fetched.")


def install(app: FastAPI, fetching: Fetching) -> None:
    """Add the call to an application."""
    app.post(PATH)(fetching.fetch)


class Webhook:
    """Answers calls that prove themselves by the secret, and hands everything else on."""

    def __init__(self, app: ASGIApp, secret: str | None, fetching: Fetching) -> None:
        self._app = app
        self._secret = (secret or "").encode()
        self._fetching = fetching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if not self._secret or self._fetching.ring is None or not _is_of_a_forge(scope):
            await self._app(scope, receive, send)
            return
        send = hardened(send)
        if await self._is_proven(scope, receive):
            told = await self._fetching.fetch()
            answer = Response(told.model_dump_json(), media_type="application/json")
        else:
            answer = problem(401, "The call does not prove itself by the secret of source.git.webhook_secret_file.")
        await answer(scope, receive, send)

    async def _is_proven(self, scope: Scope, receive: Receive) -> bool:
        token = header(scope["headers"], _TOKEN)
        if token is not None:
            return hmac.compare_digest(token, self._secret)
        made, length, more = hmac.new(self._secret, digestmod=sha256), 0, True
        while more:
            message = await receive()
            body = message.get("body", b"")
            made.update(body)
            length += len(body)
            more = message.get("more_body", False) and length <= LONGEST
        sent = header(scope["headers"], _DIGEST) or b""
        return length <= LONGEST and hmac.compare_digest(sent, b"sha256=" + made.hexdigest().encode())


def _is_of_a_forge(scope: Scope) -> bool:
    if (scope["method"], scope["path"]) != ("POST", PATH):
        return False
    return any(header(scope["headers"], name) is not None for name in (_DIGEST, _TOKEN))
