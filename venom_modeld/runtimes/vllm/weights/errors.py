"""What a refusal of the Hub, or a failure of a download, means: a reason, whether to try again, and what to do.

The Hub tells its reasons by status and by the header `X-Error-Code`. The status alone misleads: a repository that is
not there is 401 for an anonymous visitor, as a private one is, and a gated one is 401 or 403.
"""

import errno
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.core.wording import one_line
from venom_modeld.runtimes.transport import without_secrets
from venom_modeld.runtimes.vllm.weights.job import Trouble

MAX_WORDS = 300
"""Characters of somebody else's error text that are passed on."""

_LIMIT = re.compile(r'"\w+"\s*;\s*r\s*=\s*(?P<left>\d+)\s*;\s*t\s*=\s*(?P<seconds>\d+)')
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that says no: its status, what `X-Error-Code` and `X-Error-Message` or the body say."""

    status: int
    code: str = ""
    words: str = ""
    retry_after: float | None = None

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: str = "") -> "Refusal":
        """Read an answer; the names of `headers` are in lower case."""
        words = headers.get("x-error-message") or body
        if 300 <= status < 400:
            words = f"it sends us to {without_secrets(headers.get('location', 'nowhere'))}"
        return cls(
            status=status,
            code=headers.get("x-error-code", ""),
            words=clean(words),
            retry_after=wait_of(headers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What was tried when it went wrong: `Runtime 'gpu' (http://…)`, `installing`, `Qwen/Qwen3-0.6B`, `main`."""

    runtime: str
    action: str
    repository: str
    revision: str
    endpoint: str
    authenticated: bool = False

    @property
    def sentence(self) -> str:
        """Return the beginning of the sentence."""
        return f"{self.runtime}: {self.action} {self.repository} ({self.revision}) failed"

    @property
    def page(self) -> str:
        """Return the page of the repository."""
        return f"{without_secrets(self.endpoint)}/{self.repository}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a refusal means: a reason, whether it may pass by itself, the words for it, and what a person can do."""

    reason: Reason
    passing: bool
    what: str
    advice: str


def clean(words: str) -> str:
    """Return somebody's error text on one line, cut to a bearable length, without the signed queries of addresses."""
    line = re.sub(r"(https?://[^\s\"'?]+)\?[^\s\"']*", r"\1?…", one_line(words[: 10 * MAX_WORDS]))
    return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]}…"


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks us to wait; its rate limit counts only when nothing of it is left."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    limit = _LIMIT.search(headers.get("ratelimit", ""))
    return float(limit["seconds"]) if limit and int(limit["left"]) == 0 else None


def refused(refusal: Refusal, doing: Doing) -> ModeldError:
    """Return the error for an answer that says no."""
    meaning = _meaning(refusal, doing)
    said = f": {refusal.words.rstrip('.')}" if refusal.words else ""
    message = f"{doing.sentence}: {meaning.what} ({refusal.status}{said}). {meaning.advice}"
    if meaning.passing:
        return TemporaryError(message, reason=meaning.reason, retry_after=refusal.retry_after)
    return PermanentError(message, reason=meaning.reason)


def _meaning(refusal: Refusal, doing: Doing) -> _Meaning:
    status, code = refusal.status, refusal.code
    if code == "GatedRepo":
        return _gated(doing)
    if code == "RevisionNotFound":
        return _Meaning(
            reason=Reason.REVISION_NOT_FOUND,
            passing=False,
            what="it has no such revision",
            advice=f"Write a branch, a tag or a commit that {doing.page} has under `revision`.",
        )
    if status == 401 and doing.authenticated and code != "RepoNotFound":
        return _Meaning(
            reason=Reason.CREDENTIALS_REFUSED,
            passing=False,
            what="the Hub does not accept the token",
            advice="Make a new token, give it to the daemon, and then retry.",
        )
    if code == "RepoNotFound" or status in (401, 404):
        return _missing(doing)
    return _BY_STATUS.get(status) or (_TROUBLE if status >= 500 or 300 <= status < 400 else _REFUSED)


def _gated(doing: Doing) -> _Meaning:
    how = "with the account of the token" if doing.authenticated else "give the daemon a token of that account"
    return _Meaning(
        reason=Reason.GATED,
        passing=False,
        what="its owner lets only some accounts have it",
        advice=f"Ask for access at {doing.page}, {how}, and then retry.",
    )


def _missing(doing: Doing) -> _Meaning:
    if doing.authenticated:
        advice = f"Correct the name, or give the account of the token access to {doing.page}."
    else:
        advice = "Correct the name; if it is private, give the daemon a token of an account that may read it."
    return _Meaning(
        reason=Reason.NOT_FOUND, passing=False, what="the Hub has no such repository, or hides it", advice=advice
    )


_TROUBLE = _Meaning(
    reason=Reason.REGISTRY_ERROR,
    passing=True,
    what="the Hub is in trouble, or something stands between",
    advice="It is tried again later.",
)
_REFUSED = _Meaning(
    reason=Reason.REGISTRY_ERROR,
    passing=False,
    what="the Hub refuses",
    advice="Look at the page of the repository, correct the entry, and then retry.",
)
_BY_STATUS: Mapping[int, _Meaning] = {
    403: _Meaning(
        reason=Reason.ACCESS_DENIED,
        passing=False,
        what="the Hub forbids it",
        advice="Give the token the right to read this repository, and then retry.",
    ),
    408: _TROUBLE,
    429: _Meaning(
        reason=Reason.RATE_LIMITED,
        passing=True,
        what="the Hub asks for fewer requests",
        advice="It is tried again when that time is over; with a token the Hub allows more.",
    ),
}


def unreachable(words: str, doing: Doing) -> TemporaryError:
    """Return the error for a Hub that cannot be reached, or that breaks off."""
    return TemporaryError(
        f"{doing.sentence}: {without_secrets(doing.endpoint)} gives no answer: {clean(words)}. It is tried again; check"
        " that it can be reached from this host.",
        reason=Reason.REGISTRY_UNREACHABLE,
    )


def nonsense(words: str, doing: Doing) -> TemporaryError:
    """Return the error for an answer that no Hub gives."""
    return TemporaryError(
        f"{doing.sentence}: {without_secrets(doing.endpoint)} gave an answer that makes no sense: {clean(words)}. It is"
        " tried again; check that this is a Hub (HF_ENDPOINT), and that no sign-in page stands before it.",
        reason=Reason.REGISTRY_ERROR,
    )


def corrupt(words: str, doing: Doing) -> TemporaryError:
    """Return the error for content that is not what the Hub announced."""
    return TemporaryError(
        f"{doing.sentence}: {clean(words)}. What was wrong is deleted, and is downloaded again.", reason=Reason.CORRUPT
    )


def system(number: int, words: str, doing: Doing) -> ModeldError:
    """Return the error for what the operating system refused; `number` is its errno, 0 where it gave none."""
    said = f"{doing.sentence}: {clean(words) or os.strerror(number)}."
    if number in _FULL:
        return TemporaryError(
            f"{said} Free space on the disk of the Hub cache; the download then goes on where it stopped.",
            reason=Reason.DISK_FULL,
        )
    if number in _FORBIDDEN:
        return PermanentError(
            f"{said} Let the user that the daemon runs as write to the Hub cache, and then retry.",
            reason=Reason.ACCESS_DENIED,
        )
    return TemporaryError(f"{said} It is tried again.", reason=Reason.FAILED)


def of_child(line: Mapping[str, Any], doing: Doing) -> ModeldError:
    """Return the error for the last line of a child that failed."""
    words = str(line["words"])
    match Trouble(line["failed"]):
        case Trouble.REFUSED:
            refusal = Refusal(status=line["status"], code=line["code"], words=words, retry_after=line["retry_after"])
            return refused(refusal, doing)
        case Trouble.SYSTEM:
            return system(line["errno"], words, doing)
        case Trouble.UNREACHABLE:
            return unreachable(words, doing)
        case Trouble.NONSENSE:
            return nonsense(words, doing)
        case Trouble.CORRUPT:
            return corrupt(words, doing)
        case Trouble.BUSY:
            return TemporaryError(f"{doing.sentence}: {words}. It is tried again.", reason=Reason.PENDING)
