"""How the guard judges a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.api.guard import Guard, host_of, is_loopback, refusal


@pytest.mark.parametrize(("server", "refused"), [(("10.0.0.7", 8765), False), (("10.0.0.8", 8765), True), (None, True)])
def test_the_address_that_was_called_is_one_of_this_host(server: object, *, refused: bool) -> None:
    """A name is needed only by those who call by one."""
    scope = {"method": "GET", "path": "/", "scheme": "http", "server": server, "headers": [(b"host", b"10.0.0.7:8765")]}
    assert (refusal(Guard(), scope) is not None) is refused


def test_an_empty_token_is_no_token() -> None:
    """A file without content must not open the door to everybody who sends nothing."""
    with pytest.raises(ValueError, match="empty"):
        Guard(token="")


@given(st.text(max_size=60))
def test_a_host_header_is_understood_or_refused(text: str) -> None:
    """Whatever is sent, it is a name in small letters or nothing, and judging it cannot fail."""
    host = host_of(text)
    assert host is None or (host == host.lower() and not set(host) & set("/@[] "))
    assert not is_loopback(host or "") or str(host).startswith(("localhost", "127.", "::"))


def test_methods_that_read_need_no_content_type() -> None:
    """Every other method is a writing call, whether or not some address takes it."""
    scope = {"path": "/", "scheme": "http", "server": None, "headers": [(b"host", b"localhost")]}
    assert refusal(Guard(), {**scope, "method": "OPTIONS"}) is None
    assert refusal(Guard(), {**scope, "method": "PUT"}) is not None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], None),
        ([(b"content-length", b"0")], None),
        ([(b"content-type", b"application/json")], None),
        ([(b"content-type", b"text/plain")], 415),
        ([(b"content-length", b"1")], 415),
        ([(b"transfer-encoding", b"chunked")], 415),
        ([(b"origin", b"http://evil.example")], 403),
        ([(b"origin", b"http://localhost")], None),
    ],
)
def test_a_deletion_needs_no_content_type_without_content(
    headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    """No form can send one; what comes from a page elsewhere is refused as ever."""
    scope = {"method": "DELETE", "path": "/", "scheme": "http", "server": None}
    found = refusal(Guard(), {**scope, "headers": [(b"host", b"localhost"), *headers]})
    assert (found.status if found else None) == status
