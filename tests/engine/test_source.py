"""What is told of a file that cannot be put in force, and what becomes of one that cannot be kept."""

from pathlib import Path

import pytest

from venom_modeld.core.reasons import Reason
from venom_modeld.engine.source import MOST_PROBLEMS, DesiredSource
from venom_modeld.runtimes.registry import kinds
from venom_modeld.state.errors import StateError
from venom_modeld.state.records import AcceptedFile
from venom_modeld.state.store import Store


async def test_a_file_with_any_number_of_problems_is_told_in_a_page(tmp_path: Path) -> None:
    """The first hundred are kept, and how many more there are; a file with fewer has all of its own."""
    file = tmp_path / "models.yaml"
    async with await Store.open(tmp_path / "state.db") as store:
        source = DesiredSource(file, kinds(), store, wall=lambda: 1.0, tell=lambda _: None)
        file.write_text("version: 1\nruntimes: {}\n" + "".join(f"key{number}: 1\n" for number in range(600)))
        assert not await source.read()
        assert len(source.file.problems) == MOST_PROBLEMS + 1
        assert source.file.problems[-1].endswith(": 500 more problems; `venom-modeld validate` tells them all")
        file.write_text("version: 1\nruntimes: {}\nkey: 1\n")
        assert not await source.read()
        assert len(source.file.problems) == 1


async def test_a_file_that_cannot_be_kept_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk of the state stops nobody from saying what is to be there, as that may be how room is made."""
    file = tmp_path / "models.yaml"
    file.write_text("version: 1\nruntimes: {}\n")

    async def on_a_full_disk(_: AcceptedFile) -> None:
        raise StateError("the disk is full", reason=Reason.DISK_FULL)

    async with await Store.open(tmp_path / "state.db") as store:
        store.save_file = on_a_full_disk  # type: ignore[method-assign]
        source = DesiredSource(file, kinds(), store, wall=lambda: 1.0, tell=lambda _: None)
        assert await source.read()
        assert source.desired is not None
        assert source.file.revision == source.desired.revision
        assert await store.load_file() is None
    assert "file cannot be kept for a restart" in caplog.messages
