"""The headers that every answer carries, so that no page elsewhere can embed, sniff, script or store what it says."""

from collections.abc import Iterable

from starlette.types import Message, Send

Header = tuple[bytes, bytes]

LOAD_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content policy of answers that are no pages."""

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", LOAD_NOTHING.encode()),
    (b"cache-control", b"no-store"),
)
"""What holds unless an answer says otherwise."""

PAGE = {"referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin"}
"""What a page needs beside that."""


def header(headers: Iterable[Header], wanted: bytes) -> bytes | None:
    """Return the first value of a header, by its name in small letters; None where it is not there."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


def with_security(headers: Iterable[Header]) -> list[Header]:
    """Return the headers of an answer with those that it lacks."""
    own = list(headers)
    names = {name for name, _ in own}
    return own + [one for one in SECURITY if one[0] not in names]


def hardened(send: Send) -> Send:
    """Return a `send` that adds the headers to every response."""

    async def send_hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = with_security(message["headers"])
        await send(message)

    return send_hardened
