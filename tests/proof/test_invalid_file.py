"""What a file that is not valid holds back."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import a_house
from tests.conftest import eventually

pytestmark = [pytest.mark.acceptance]

A, B, C, NEW = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m"


async def test_nothing_goes_while_the_file_is_not_valid(tmp_path: Path) -> None:
    """A removal that the last good file asks for waits until the file is valid again; all other work goes on."""
    async with a_house(tmp_path) as house:
        house.write({"version": 1, "runtimes": {}})
        await house.start()
        await house.furnish(A, B, C)
        house.sandbox.faults.rate = 10e6
        house.declare(A, B, NEW)
        await eventually(lambda: bool(house.sandbox.pulling()))
        house.write("version: [")
        await house.daemon.told("snapshot", lambda status: bool(status["file"]["problems"]))
        house.sandbox.faults.rate = None
        await eventually(lambda: NEW in house.sandbox.installed())
        await house.cycles(3)
        assert C in house.sandbox.installed()
        house.declare(A, B, NEW)
        await house.converged()
        assert set(house.sandbox.installed()) == {A, B, NEW}
