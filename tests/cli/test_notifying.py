"""A daemon that tells people, as a real program."""

import signal
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.cli.conftest import Host, Program
from tests.cli.test_serving import ended, said
from tests.notifications.conftest import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a service that takes notices."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.mark.skipif(find_spec("apprise") is None, reason="the extra `notify` is not installed")
async def test_what_needs_a_person_is_told_by_a_daemon(program: Program, host: Host, receiver: Receiver) -> None:
    """Here a model that no registry has; and once that is taken out of the file, that it is over."""
    host.config.write_text(f"{host.config.read_text()}notifications: {{urls_file: urls}}\n")
    host.config.with_name("urls").write_text(receiver.url)
    host.write("no-such-model:1b")
    async with program.started("run", "--config", host.config) as process:
        [notice] = await receiver.until(1)
        assert notice["title"].endswith(": one is stalled, and needs a change")
        assert "no-such-model:1b" in notice["message"]
        host.write()
        assert [one["type"] for one in await receiver.until(2)] == ["failure", "success"]
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0


async def test_settings_that_ask_for_notices_nobody_can_get_are_refused(program: Program, host: Host) -> None:
    """In one sentence, before anything is done."""
    host.config.write_text(f"{host.config.read_text()}notifications: {{urls_file: urls}}\n")
    async with program.started("run", "--config", host.config) as process:
        assert "urls cannot be read" in await said(process, "urls")
        assert await ended(process) == 1
