"""The storage behind the Hub's own protocol (xet), as far as a download needs it.

A file is told as a list of terms, each a run of chunks in a larger object. Here every term is an object of its own, and
its chunks are stored as they are: an 8-byte head with the two lengths, and the bytes.
"""

from collections.abc import Mapping
from typing import Any

from venom_modeld.sandbox.hub.content import Content

CHUNK = 64 * 1024
TERM = 16 * 1024 * 1024
_HEAD = 8


def reconstruction(content: Content, digest: str, base: str, *, start: int, stop: int) -> Mapping[str, Any]:
    """Tell how the bytes of a content from `start` to before `stop` are put together; `base` is where terms are."""
    stop = min(stop, content.size)
    terms, sources = [], {}
    for number in range(start // TERM, -(-stop // TERM)):
        begin, end = number * TERM, min((number + 1) * TERM, content.size)
        chunks = -(-(end - begin) // CHUNK)
        name = f"{number:08x}{digest[8:]}"
        terms.append({"hash": name, "unpacked_length": end - begin, "range": {"start": 0, "end": chunks}})
        whole = {"start": 0, "end": end - begin + chunks * _HEAD - 1}
        url = f"{base}/{digest}/{number}"
        sources[name] = [{"range": {"start": 0, "end": chunks}, "url": url, "url_range": whole}]
    return {"offset_into_first_range": start % TERM, "terms": terms, "fetch_info": sources}


def term(content: Content, number: int) -> bytes:
    """Return the bytes of a term as they are stored."""
    begin, end = number * TERM, min((number + 1) * TERM, content.size)
    chunks = (content.read(at, min(at + CHUNK, end)) for at in range(begin, end, CHUNK))
    return b"".join(_stored(chunk) for chunk in chunks)


def _stored(chunk: bytes) -> bytes:
    length = len(chunk).to_bytes(3, "little")
    return b"\0" + length + b"\0" + length + chunk
