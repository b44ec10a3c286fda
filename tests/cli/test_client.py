"""Talking to the daemon: what comes back, and what is said when nothing does."""

import time
from pathlib import Path

import pytest

from tests.cli.odd_server import answering, response, stream
from venom_modeld.cli.address import DEFAULT_ADDRESS, daemon, reachable
from venom_modeld.cli.client import DaemonClient, Refused, ServerEvent, Unreachable, parse_events
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.config.settings import Settings

HELLO = b'id: 1\nevent: snapshot\ndata: {"a": 1}\n\n'


@pytest.mark.parametrize(
    ("lines", "events"),
    [
        (["data: 1", ""], [("", "message", 1)]),
        (["id: 7", "event: operation", 'data: {"a":', "data: 2}", ""], [("7", "operation", {"a": 2})]),
        ([": still here", "", "retry: 2000", ""], []),
        (["event: cut", "data: 1"], []),
        (["id: 1", "data: 1", "", "data:2", ""], [("1", "message", 1), ("1", "message", 2)]),
    ],
    ids=["bare", "whole", "signs of life", "cut", "the id stays"],
)
def test_events_are_read_from_lines(lines: list[str], events: list[tuple[str, str, object]]) -> None:
    """An event is what stands before an empty line; comments and a cut last event are none."""
    found = [(event.id, event.name, event.data) for event in parse_events(lines)]
    assert found == events


def test_a_daemon_that_is_not_there_is_said_so(nobody: str) -> None:
    """The sentence names the address and what to do, for questions and for streams."""
    client = DaemonClient(nobody)
    told = f"No daemon answers at http://{nobody} (Connection refused). Start it with `venom-modeld run`"
    with pytest.raises(Unreachable, match="No daemon answers") as question:
        client.get("/api/v1/status")
    with pytest.raises(Unreachable, match="No daemon answers"):
        next(client.events())
    assert str(question.value).startswith(told)
    assert question.value.code is ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (response(b'{"detail": "The token is missing."}', "401 Unauthorized"), "The token is missing."),
        (response(b"<html>", "502 Bad Gateway"), "answered 502 Bad Gateway."),
        (response(b"[]", "403 Forbidden"), "answered 403 Forbidden."),
        (response(b"404 page not found", "404 Not Found"), "That is not venom-modeld; name the daemon with --address."),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_daemon(answer: bytes, message: str) -> None:
    """Where it has none, the address and the status are told."""
    with answering(answer) as (address, _), pytest.raises(Refused) as refused:
        DaemonClient(address).get("/api/v1/status")
    assert str(refused.value).endswith(message)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (response(b"<html>hello</html>"), Failure, "is not venom-modeld"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Unreachable, "No daemon answers"),
        (b"hello\r\n\r\n", Unreachable, "No daemon answers"),
        (b"", Unreachable, "No daemon answers"),
    ],
    ids=["not JSON", "cut", "not HTTP", "hung up"],
)
def test_an_answer_that_makes_no_sense_is_said_so(answer: bytes, kind: type[Failure], message: str) -> None:
    """Something else may listen at the address, or the daemon may be stopping."""
    with answering(answer) as (address, _), pytest.raises(kind, match=message):
        DaemonClient(address).get("/api/v1/status")


def test_a_token_is_sent_where_there_is_one() -> None:
    """Nothing of the kind is sent without one."""
    with answering(response(b"{}"), response(b"{}")) as (address, requests):
        DaemonClient(address, token="secret").post("/api/v1/plan/approve", {"digest": "x"})
        DaemonClient(address).get("/api/v1/status")
    assert b"Authorization: Bearer secret" in requests[0]
    assert b"Authorization" not in requests[1]


def test_a_stream_goes_on_after_the_last_event_and_ends_with_its_connection() -> None:
    """Nothing is raised where the daemon stops in the middle of an event."""
    with answering(stream(HELLO, b"id: 2\ndata: ")) as (address, requests):
        found = list(DaemonClient(address).events(last_id="0"))
    assert found == [ServerEvent(id="1", name="snapshot", data={"a": 1})]
    assert b"Last-Event-ID: 0" in requests[0]


def test_a_stream_that_breaks_off_is_at_its_end() -> None:
    """A connection that is reset in the middle of a piece is a daemon that was killed."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    cut = head + b"%x\r\n%s\r\n40\r\nid: 2" % (len(HELLO), HELLO)
    with answering(cut) as (address, _):
        assert [event.id for event in DaemonClient(address).events()] == ["1"]


def test_a_stream_is_left_at_the_deadline() -> None:
    """A silent daemon does not hold up whoever waits with a deadline; a late start has none left."""
    with answering(stream(HELLO), keep_open=True) as (address, _):
        events = DaemonClient(address).events(deadline=time.monotonic() + 0.3)
        assert next(events).id == "1"
        with pytest.raises(TimeoutError):
            next(events)
    with pytest.raises(TimeoutError):
        next(DaemonClient(address).events(deadline=time.monotonic()))


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8765, "127.0.0.1:8765"),
        ("0.0.0.0", 80, "127.0.0.1:80"),
        ("::", 80, "[::1]:80"),
        ("::1", 80, "[::1]:80"),
    ],
)
def test_an_address_to_listen_on_becomes_one_to_call(host: str, port: int, address: str) -> None:
    """A daemon that listens everywhere is called on this host."""
    assert reachable(host, port) == address


def test_a_free_port_cannot_be_guessed() -> None:
    """The person is asked which it was."""
    with pytest.raises(Failure, match="--address HOST:PORT"):
        reachable("127.0.0.1", 0)


def test_the_daemon_is_where_the_settings_say(tmp_path: Path) -> None:
    """Its token is read from the file that the settings name; an option counts before them."""
    (tmp_path / "token").write_text("secret\n")
    config = tmp_path / "modeld.yaml"
    config.write_text("api: {listen: '0.0.0.0:9999', token_file: token}\n")
    with answering(response(b"{}")) as (address, requests):
        daemon(address, config).get("/")
    assert b"Bearer secret" in requests[0]
    assert daemon(None, config).address == "http://127.0.0.1:9999"


def test_a_token_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    """The file is named."""
    config = tmp_path / "modeld.yaml"
    config.write_text("api: {token_file: nowhere}\n")
    with pytest.raises(Failure, match="nowhere: the token of the API cannot be read"):
        daemon(None, config)


@pytest.mark.parametrize("address", ["127.0.0.1:http", "127.0.0.1:99999", "[::1", "", "http://"])
def test_an_address_that_is_none_is_said_so(address: str) -> None:
    """The sentence says what to write."""
    with pytest.raises(Failure, match=r"is no address.*; write HOST:PORT\."):
        DaemonClient(address).get("/")


def test_the_default_address_is_that_of_the_settings() -> None:
    """It is repeated where settings are not loaded, and must not drift from them."""
    assert str(Settings().api.listen) == DEFAULT_ADDRESS
