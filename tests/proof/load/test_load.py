"""The load proof in a size that says nothing about speed: it still measures what it says."""

import pytest

from tests.proof.load.__main__ import Size, measure, report

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

SMALL = Size(runtimes=2, models=20, living=4, dead=1, rate=20.0, downloads=2, seconds=2.0)


async def test_a_little_load_is_carried() -> None:
    """Every call is answered, every living reader is told, downloads go on side by side, and all of it is reported."""
    found = await measure(SMALL)
    assert found.calls.failures == []
    assert len(found.calls.seconds) == pytest.approx(40, abs=2)
    assert (found.readers.admitted, found.readers.refused, found.readers.ended) == (5, 0, 0)
    assert all(found.readers.snapshots)
    assert found.progressing == SMALL.downloads
    assert found.measurements > 0
    assert "2 with 20 models each" in report(found)
