"""What is told of a file that cannot be put in force."""

from pathlib import Path

from venom_modeld.engine.source import MOST_PROBLEMS, DesiredSource
from venom_modeld.runtimes.registry import kinds
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
