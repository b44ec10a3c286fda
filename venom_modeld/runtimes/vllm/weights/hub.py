"""Which Hub is asked, with which token, and where its cache is: as huggingface_hub itself reads it.

So a host that is set up for one needs nothing more for the other: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`,
`HF_TOKEN_PATH`, `HF_HUB_OFFLINE` and `HF_HUB_DISABLE_XET` mean what they mean there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason

PUBLIC = "https://huggingface.co"
CREDENTIAL = "hf-token"
"""The name of the systemd credential that holds the token."""

_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A Hub and the cache of what comes from it."""

    cache: Path
    endpoint: str = PUBLIC
    token: str | None = field(default=None, repr=False)
    """The token itself, where it was given by the environment."""
    token_file: Path | None = None
    """A file with the token, read anew each time; it has to be there."""
    usual_token_file: Path | None = None
    """Where a login leaves the token; it need not be there."""
    offline: bool = False
    xet: bool = True
    """Whether the Hub's own storage protocol may be used for large files."""
    parallel: int = 4
    """How many files of a repository are downloaded at once."""
    retry_pause: float = 1.0
    """Seconds before a connection that broke off is made again."""

    def read_token(self) -> str | None:
        """Return the token as it is now, or None for an anonymous visitor. Blocks a little.

        Raises PermanentError where a file that should hold it cannot be read or holds something else.
        """
        where, text = self._find_token()
        token = text.strip()
        if not token:
            return None
        if not _TOKEN.fullmatch(token):
            raise PermanentError(
                f"The Hub's token ({where}) holds characters that no token has; write the token alone, on one line.",
                reason=Reason.CREDENTIALS_REFUSED,
            )
        return token

    def _find_token(self) -> tuple[str, str]:
        if self.token_file is not None:
            return str(self.token_file), _read(self.token_file, needed=True)
        if self.token is not None:
            return "HF_TOKEN", self.token
        if self.usual_token_file is not None:
            return str(self.usual_token_file), _read(self.usual_token_file, needed=False)
        return "", ""


def hub_of(
    environ: Mapping[str, str],
    *,
    cache: str | None = None,
    endpoint: str | None = None,
    token_file: str | None = None,
) -> Hub:
    """Return the Hub that an environment speaks of; what is given beside it goes before it.

    A systemd credential named `hf-token` goes before `HF_TOKEN`, which goes before what a login left in a file.
    """
    home = Path(environ.get("HF_HOME") or _cache_home(environ) / "huggingface").expanduser()
    told = cache or environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    named = token_file or _credential(environ)
    return Hub(
        cache=Path(told).expanduser() if told else home / "hub",
        endpoint=(endpoint or environ.get("HF_ENDPOINT") or PUBLIC).rstrip("/"),
        token=environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN"),
        token_file=Path(named).expanduser() if named else None,
        usual_token_file=Path(environ.get("HF_TOKEN_PATH") or home / "token").expanduser(),
        offline=_is_true(environ.get("HF_HUB_OFFLINE")) or _is_true(environ.get("TRANSFORMERS_OFFLINE")),
        xet=not _is_true(environ.get("HF_HUB_DISABLE_XET")),
    )


def _cache_home(environ: Mapping[str, str]) -> Path:
    told = environ.get("XDG_CACHE_HOME")
    return Path(told) if told else Path(environ.get("HOME") or "~") / ".cache"


def _credential(environ: Mapping[str, str]) -> str | None:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    return str(path) if path is not None and path.exists() else None


def _is_true(value: str | None) -> bool:
    return (value or "").upper() in {"1", "ON", "YES", "TRUE"}


def _read(path: Path, *, needed: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if not needed:
            return ""
        raise _unreadable(path, error) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> PermanentError:
    why = error.strerror if isinstance(error, OSError) else "it is no text"
    return PermanentError(
        f"The file with the Hub's token, {path}, cannot be read ({why}); put the token there, readable for this user.",
        reason=Reason.CREDENTIALS_REFUSED,
    )
