"""The notification protocol, on real sockets."""

import asyncio
import os
import secrets

import pytest

from tests.supervision.conftest import Manager
from venom_modeld.supervision.sd_notify import Notifier


async def test_a_message_is_one_datagram_of_lines(manager: Manager) -> None:
    """A value that has line ends becomes one line, so that it cannot pose as another assignment."""
    await Notifier(manager.address).tell(STATUS="one\ntwo\r\nREADY=1", MAINPID=7)
    assert await manager.message() == {"STATUS": "one two READY=1", "MAINPID": "7"}


async def test_an_abstract_socket_is_reached_too() -> None:
    """Its name begins with an @."""
    manager = Manager(f"@venom-modeld-test-{secrets.token_hex(8)}")
    await Notifier(manager.address).tell(READY=1)
    assert await manager.message() == {"READY": "1"}
    manager.close()


@pytest.mark.parametrize(
    ("environ", "watchdog"),
    [
        pytest.param({}, None, id="nobody watches"),
        pytest.param({"WATCHDOG_USEC": "3000000"}, 3.0, id="whoever reads it"),
        pytest.param({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0, id="this process"),
        pytest.param({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None, id="another process"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no number"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="off"),
    ],
)
async def test_the_environment_says_whether_the_manager_watches(
    environ: dict[str, str], watchdog: float | None, manager: Manager
) -> None:
    """A watchdog that is meant for another process, or makes no sense, is none; nothing is left for children."""
    environ = {"NOTIFY_SOCKET": manager.address, "HOME": "/", **environ}
    notifier = Notifier.take(environ)
    assert (notifier.watchdog, environ) == (watchdog, {"HOME": "/"})
    await notifier.tell(READY=1)
    assert await manager.message() == {"READY": "1"}


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}], ids=str)
async def test_without_a_manager_telling_does_nothing(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """An address of a kind that this program does not speak is logged."""
    notifier = Notifier.take({**environ, "WATCHDOG_USEC": "1000000"})
    await notifier.tell(READY=1)
    assert notifier.watchdog is None
    assert bool(caplog.messages) is bool(environ.get("NOTIFY_SOCKET"))


async def test_a_manager_that_is_gone_is_logged_once(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """Telling it again works as soon as it is there again, and a new loss is logged anew."""
    notifier = Notifier(manager.address)
    manager.leave()
    await notifier.tell(READY=1)
    await notifier.tell(READY=1)
    assert caplog.messages == ["service manager cannot be told"]
    again = Manager(manager.address)
    await notifier.tell(READY=1)
    assert await again.message() == {"READY": "1"}
    again.close()
    await notifier.tell(READY=1)
    assert len(caplog.messages) == 2


@pytest.mark.looptime
async def test_a_manager_that_takes_no_messages_holds_nothing_up_for_long(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    """Its queue is full; the message is given up after a few seconds."""
    notifier = Notifier(manager.address)
    async with asyncio.timeout(1_000_000):
        while not caplog.messages:
            await notifier.tell(STATUS="x" * 1000)
    assert caplog.records[0].detail == "it takes no messages"
