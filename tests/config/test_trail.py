"""The way from a path to a file."""

from pathlib import Path

import pytest

from venom_modeld.config.trail import trace


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder whose own path has no links in it."""
    return tmp_path.resolve()


def test_a_plain_path_passes_its_folders(place: Path) -> None:
    """Every folder from the root down is passed, and every name on the way is looked up."""
    (place / "models.yaml").touch()
    trail = trace(place / "models.yaml")
    assert set(trail.folders) == {str(place), *map(str, place.parents)}
    assert trail.names == {*trail.folders, str(place / "models.yaml")}


def test_links_add_the_folders_where_they_lead(place: Path) -> None:
    """Relative and absolute links, in the middle and at the end, add the folders and the names behind them."""
    (place / "releases" / "7").mkdir(parents=True)
    (place / "releases" / "7" / "real.yaml").touch()
    (place / "current").symlink_to("releases/7")
    (place / "etc").mkdir()
    (place / "etc" / "models.yaml").symlink_to(place / "current" / ".." / "7" / "real.yaml")
    trail = trace(place / "etc" / "models.yaml")
    inside = {str(Path(name).relative_to(place)) for name in trail.names if Path(name).is_relative_to(place)}
    assert inside == {".", "etc", "etc/models.yaml", "current", "releases", "releases/7", "releases/7/real.yaml"}
    folders = {str(Path(name).relative_to(place)) for name in trail.folders if Path(name).is_relative_to(place)}
    assert folders == {".", "etc", "releases", "releases/7"}


def test_a_path_that_breaks_off_ends_with_the_missing_name(place: Path) -> None:
    """Where a folder is missing, its name is the last one looked up, in the last folder that is there."""
    trail = trace(place / "gone" / "models.yaml")
    assert str(place / "gone") in trail.names
    assert str(place) in trail.folders
    assert not any("models.yaml" in name for name in trail.names)


def test_a_file_in_the_place_of_a_folder_is_no_folder(place: Path) -> None:
    """A path through a file looks for what cannot be there, and passes no folder by that name."""
    (place / "file").touch()
    trail = trace(place / "file" / "models.yaml")
    assert str(place / "file") not in trail.folders
    assert str(place / "file") in trail.names


def test_a_loop_of_links_ends(place: Path) -> None:
    """Links that lead to each other are given up like the kernel does."""
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    assert {str(place / "a"), str(place / "b")} <= trace(place / "a").names


def test_a_replaced_folder_makes_another_trail(place: Path) -> None:
    """A folder that gives way to another by the same name makes the trail unequal, and a written file does not."""
    (place / "in").mkdir()
    file = place / "in" / "models.yaml"
    file.touch()
    before = trace(file)
    file.write_text("a: 1\n")
    assert trace(file) == before
    (place / "in").rename(place / "out")
    (place / "in").mkdir()
    file.touch()
    assert trace(file) != before
