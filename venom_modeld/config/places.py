"""Places in git repositories, as people write them in the settings.

Each becomes an argument of git, so none may look like an option, and no transport may run a program of its choice.
"""

import re
from urllib.parse import urlsplit

from venom_modeld.core.names import shown

HOST = "{host}"
"""What stands for the name of the host in a path."""

_SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})
_SHORT = re.compile(r"(?:[A-Za-z0-9_.-]+@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):(?!:)[^\s-]\S*")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@#-]*", re.ASCII)


def check_repository(text: str) -> str:
    """Return the address of a repository; raise ValueError with what to write instead."""
    scheme, separator, _ = text.partition("://")
    if separator:
        if scheme not in _SCHEMES:
            raise ValueError(f"{shown(text)} has the scheme {shown(scheme)}; write https://, ssh://, git:// or file://")
        if _holds_a_secret(text):
            raise ValueError("this URL holds a secret, which many can read; give it to git's credential helper")
    elif not text.startswith("/") and _SHORT.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is no repository; write https://HOST/PATH, ssh://USER@HOST/PATH or HOST:PATH")
    if not text.isprintable() or " " in text:
        raise ValueError(f"{shown(text)} holds a blank or a control character; write it as git takes it")
    return text


def _holds_a_secret(url: str) -> bool:
    """Tell whether a URL has a password, or a user where that may be a token as well."""
    parts = urlsplit(url)
    return parts.password is not None or (parts.scheme in ("http", "https") and parts.username is not None)


def check_ref(text: str) -> str:
    """Return the name of a branch, a tag or a commit; raise ValueError with what to write instead."""
    if _REF.fullmatch(text) is None or ".." in text or "@{" in text or text.endswith(("/", ".lock", ".")):
        raise ValueError(f"{shown(text)} is no name of a branch, a tag or a commit; write one, such as main")
    return text


def check_path(text: str) -> str:
    """Return the path of a file in a repository; raise ValueError with what to write instead."""
    parts = text.split("/")
    if not text.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{shown(text)} is no path in a repository; write one such as hosts/{HOST}/models.yaml")
    rest = text.replace(HOST, "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"{shown(text)} holds a brace; {HOST} is all that stands for something")
    return text
