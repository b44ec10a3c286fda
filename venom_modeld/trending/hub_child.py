"""The process that asks the Hub: reads calls as JSON from its input, writes their answers as JSON, and ends.

`huggingface_hub` is a process of its own here because it is large, has no time-out for listings, repeats refused
requests by itself, and cannot be stopped in a thread. This one can: it is killed. The client that the library is given
counts every request, sends each once, cuts what takes too long or is too large, and notes what the Hub says of limits.

Calls: `{"do": "list", "sort", "limit", "search", "task", "validator"}`, `{"do": "info", "repository"}`,
`{"do": "tree", "repository"}`. An answer holds `value`, or `status`, `unreachable` or `invalid` where there is none,
and always `requests` and `headers`.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # else every process asks the Hub for a list of coding agents first
from huggingface_hub import HfApi, close_session, set_client_factory
from huggingface_hub.hf_api import ExpandModelProperty_T, ModelInfo, RepoFile

from venom_modeld.trending.wire import CONNECT, DEADLINE, MAX_BODY, in_words, is_loopback

MOST_REQUESTS = 3
"""How many pages of one listing are read at the most."""

SECONDS = 90
"""After how long the process ends by itself, for the case that nobody is left to kill it."""

EXPAND: list[ExpandModelProperty_T] = [
    "downloads",
    "likes",
    "gated",
    "lastModified",
    "pipeline_tag",
    "tags",
    "safetensors",
    "gguf",
]
"""What is read of a repository; the Hub leaves out the rest."""

_HUB_HOSTS = frozenset({"hf.co", "huggingface.co"})

_HEADERS = ("ratelimit", "ratelimit-policy", "retry-after", "x-error-code", "location")


class _Stopped(Exception):
    """A request gave no answer to go on with; `found` says what it gave."""

    def __init__(self, **found: Any) -> None:
        super().__init__(found)
        self.found = found


class _Enough(Exception):
    """There are more pages than are read."""


class Session(httpx2.Client):
    """A client that sends each request once and remembers what it was told.

    It takes the proxy of the environment, unless it asks this very machine. It follows redirects within the Hub alone.
    """

    def __init__(self, validator: str | None, endpoint: str) -> None:
        self._hub = urlsplit(endpoint)
        trust_env = not is_loopback(self._hub.hostname or "")
        super().__init__(follow_redirects=True, trust_env=trust_env, event_hooks={"request": [self._stay]})
        self.requests = 0
        self.headers_seen: dict[str, str] = {}
        self.validator = validator
        self.etag: str | None = None

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request, with our own time-outs; raises _Stopped unless a JSON answer comes back whole, or _Enough."""
        if self.requests >= MOST_REQUESTS:
            raise _Enough
        self.requests += 1
        request.extensions["timeout"] = httpx2.Timeout(DEADLINE, connect=CONNECT).as_dict()
        if self.validator and self.requests == 1:
            request.headers["If-None-Match"] = self.validator
        try:
            response = super().send(request, **(options | {"stream": True}))
            body = _read(response)
        except (httpx2.HTTPError, OSError) as error:
            raise _Stopped(unreachable=in_words(error)) from error
        self._note(response)
        return httpx2.Response(200, headers=_plain(response.headers), content=body, request=request)

    def _stay(self, request: httpx2.Request) -> None:
        """Refuse to be sent to another host, or from https to http."""
        itself = (request.url.scheme, request.url.host) == (self._hub.scheme, self._hub.hostname)
        if not itself and (request.url.scheme != "https" or request.url.host not in _HUB_HOSTS):
            raise _Stopped(invalid="it sends us to another host")

    def _note(self, response: httpx2.Response) -> None:
        self.headers_seen |= {name: response.headers[name] for name in _HEADERS if name in response.headers}
        if response.status_code != httpx2.codes.OK:
            raise _Stopped(status=response.status_code)
        if "json" not in response.headers.get("content-type", ""):
            raise _Stopped(invalid="it is no JSON, but most likely the page of a hotspot or a proxy")
        if self.requests == 1:
            self.etag = response.headers.get("etag")


def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BODY:
                raise _Stopped(invalid=f"it is larger than {MAX_BODY} bytes")
    finally:
        response.close()
    return bytes(body)


def _plain(headers: httpx2.Headers) -> dict[str, str]:
    """Return the headers of an answer without those that speak of how its body was sent."""
    return {name: value for name, value in headers.items() if name in ("content-type", "link", "etag")}


def answer(call: Mapping[str, Any], *, endpoint: str | None = None) -> dict[str, Any]:
    """Return the answer to one call; without `endpoint` the Hub's own settings say where it is."""
    api = HfApi(endpoint=endpoint, library_name="venom-modeld", library_version=call.get("version", ""))
    session = Session(call.get("validator"), api.endpoint)
    close_session()
    set_client_factory(lambda: session)
    try:
        found = {"value": _ask(api, call)}
    except _Stopped as stopped:
        found = stopped.found
    except _Enough:
        found = {"invalid": f"it has more than {MOST_REQUESTS} pages"}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = {"invalid": f"it makes no sense ({type(error).__name__})"}
    finally:
        close_session()
    return found | {"requests": session.requests, "headers": session.headers_seen, "validator": session.etag}


def _ask(api: HfApi, call: Mapping[str, Any]) -> Any:
    match call["do"]:
        case "list":
            return list(_listed(api, call))
        case "info":
            return facts(api.model_info(call["repository"], expand=[*EXPAND, "siblings"]))
        case _:
            tree = api.list_repo_tree(call["repository"], recursive=True)
            return {file.path: file.size for file in tree if isinstance(file, RepoFile)}


def _listed(api: HfApi, call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with suppress(_Enough):
        for info in api.list_models(
            sort=call["sort"],
            limit=call["limit"],
            search=call.get("search"),
            pipeline_tag=call.get("task"),
            expand=EXPAND,
        ):
            yield facts(info)


def facts(info: ModelInfo) -> dict[str, Any]:
    """Return what is read of a repository, in the words of `classify.Repository`."""
    return {
        "id": str(info.id),
        "downloads": info.downloads,
        "likes": info.likes,
        "gated": bool(info.gated),
        "updated_at": info.last_modified.timestamp() if info.last_modified else None,
        "task": info.pipeline_tag,
        "tags": list(info.tags or ()),
        "parameters": dict(info.safetensors.parameters) if info.safetensors else {},
        "gguf_parameters": (info.gguf or {}).get("total"),
        "files": None if info.siblings is None else [file.rfilename for file in info.siblings],
    }


def main() -> None:
    """Answer the calls on standard input; the first that cannot be answered is the last that is tried."""
    signal.alarm(SECONDS)
    answers: list[dict[str, Any]] = []
    for call in json.load(sys.stdin):
        answers.append(answer(call))
        if "value" not in answers[-1] and answers[-1].get("status") not in (304, 401, 403, 404):
            break
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
