"""Keeps secrets of the file out of answers: a password in an address, and the values of keys that name a secret.

A person who commits a diff from an answer sees the mask, and no secret went through a browser.
"""

import re

MASK = "***"

_IN_ADDRESS = re.compile(r"(?<=://)[^/\s\"'@,\]}]+(?=@)")
_OF_KEY = re.compile(
    r"""(?P<key>[\w-]*(?:token|key|secret|password|passwd)["']?[ \t]*:[ \t]+)"""
    r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s,\]}#"']+(?:[ \t]+[^\s,\]}#]+)*)""",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a text, or a diff, of the file without what may be a secret."""
    return _OF_KEY.sub(rf"\g<key>{MASK}", _IN_ADDRESS.sub(MASK, text))
