"""Git's words as a reason and a sentence that says what to do next.

What it says is not part of its interface, so the patterns are few and wide, and whatever none of them knows is told
as git told it.
"""

import re
from dataclasses import dataclass

from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.core.wording import one_line

_CREDENTIALS = re.compile(r"://[^/@\s']+@")
"""Git repeats the address that it uses, which its settings may have made of another one, with a token in it."""

LONGEST = 300
"""Characters of what git said that a message repeats."""


class FetchFailed(TemporaryError):
    """The repository could not be fetched, or what it holds may not be taken; `message` says what to do."""


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: str
    reason: Reason
    advice: str


_KNOWN = (
    _Known(
        r"host key verification failed",
        Reason.ACCESS_DENIED,
        "add the server's key to known_hosts of the daemon's user",
    ),
    _Known(
        r"authentication failed|could not read (username|password)|permission denied|access denied|\b40[13]\b|forbidden"
        r"|invalid credentials",
        Reason.ACCESS_DENIED,
        "give the daemon's user a key or a credential that git finds by itself",
    ),
    _Known(
        r"couldn't find remote ref|no such remote ref|not our ref|unadvertised object",
        Reason.NOT_FOUND,
        "correct `source.git.ref`",
    ),
    _Known(
        r"repository .*not found|not appear to be a git repository|\b404\b|no such file or directory|not found",
        Reason.NOT_FOUND,
        "correct `source.git.url`, or give the daemon's user access",
    ),
    _Known(r"no space left|disk quota|file too large", Reason.DISK_FULL, "free some space in `state_dir`"),
    _Known(
        r"could not resolve|unable to access|connection (refused|reset|timed out)|could not connect|unable to connect"
        r"|network is unreachable|no route|timed out|hung up|did not end within|early eof|unable to look up",
        Reason.UNREACHABLE,
        "see the network and the server; it is tried again by itself",
    ),
)


_DAMAGE = re.compile(
    r"corrupt|bad object|is empty|inflate|not a git repository|invalid sha1|invalid object|unable to read"
    r"|missing (blob|tree|commit)|could not parse|cannot lock ref|reference broken",
    re.IGNORECASE,
)


def is_damage(said: str) -> bool:
    """Tell whether git speaks of what lies on this disk, as a power cut may leave it, and not of the server."""
    return _DAMAGE.search(said) is not None and "remote:" not in said


def explained(said: str, url: str) -> FetchFailed:
    """Return what git said of the repository at `url`, as an error."""
    words = told(said)
    known = next((one for one in _KNOWN if re.search(one.pattern, said, re.IGNORECASE)), None)
    if known is None:
        return FetchFailed(f"{url} cannot be fetched: {words}", reason=Reason.FAILED)
    return FetchFailed(f"{url} cannot be fetched: {words}; {known.advice}", reason=known.reason)


def told(said: str) -> str:
    """Return the line of git's that says most, fit for a message."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    text = plain((fatal or lines or ["git said nothing"])[0 if fatal else -1])
    return _CREDENTIALS.sub("://***@", re.sub(r"^(fatal|error): ", "", text)).rstrip(".")


def plain(text: str) -> str:
    """Return a text of somebody else's on one line, without what a terminal would obey, and cut where it is long."""
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
