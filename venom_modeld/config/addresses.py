"""Addresses of servers, as people write them."""

import re
from collections.abc import Iterator
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from venom_modeld.core.names import shown

_PORTS = {"http": 80, "https": 443}
_HOST_AND_PORT = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)(?::(?P<port>[0-9]{1,5}))?"
)
_LOOPBACK = ("127.0.0.1", "::1")


def check_url(text: str) -> str:
    """Return the address of a server in its plainest form; raise ValueError with what to write instead."""
    if "@" in text:
        raise ValueError("this URL holds a user or a password, which many can read; write http://HOST:PORT alone")
    for fault in _url_faults(text):
        raise ValueError(f"{shown(text)} {fault}")
    parts = urlsplit(text)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port is None else f":{parts.port}")


def _url_faults(text: str) -> Iterator[str]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        yield "has no scheme; write http:// or https:// before it" if text else "is empty; write http://HOST:PORT"
    if scheme.lower() not in _PORTS:
        yield f"has the scheme {shown(scheme)}; write http://HOST:PORT or https://HOST:PORT"
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    if rest not in (place, f"{place}/"):
        yield f"has something after the host; write {shown(f'{scheme}://{place}')}"
    if not is_host_and_port(place):
        yield f"has no valid host and port; write {scheme}://HOST:PORT"


def is_host_and_port(text: str) -> bool:
    """Tell whether a text is `HOST` or `HOST:PORT`; an IPv6 address stands in brackets."""
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None or not 1 <= int(found["port"] or 1) <= 65535:
        return False
    try:
        return found["address"] is None or bool(IPv6Address(found["address"]))
    except ValueError:
        return False


def server_of(url: str) -> str:
    """Return what two spellings of one server's address share: the port filled in, one word for this host."""
    parts = urlsplit(url)
    host = "localhost" if parts.hostname in _LOOPBACK else parts.hostname
    return f"{host}:{parts.port or _PORTS[parts.scheme]}"
