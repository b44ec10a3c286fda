"""Replacing a file in one step."""

import errno
import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from venom_modeld.config.atomic import WriteError, write

NOBODY = 65534

AsUser = Callable[[], AbstractContextManager[None]]


@contextmanager
def limited_size(count: int) -> Iterator[None]:
    """Let no file of this process grow past `count` bytes while the block runs, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """The new content is there, in a file of its own, and nothing else is left in the folder."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    with file.open() as reader:
        write(str(file), b"new")
        assert reader.read() == "old"
    assert file.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["models.yaml"]


def test_a_new_file_is_created_as_usual(tmp_path: Path) -> None:
    """A file that was not there gets the mode that every new file of this process gets."""
    (tmp_path / "usual").touch()
    write(tmp_path / "models.yaml", b"new")
    assert (tmp_path / "models.yaml").read_bytes() == b"new"
    assert (tmp_path / "models.yaml").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444])
def test_the_mode_stays(tmp_path: Path, mode: int) -> None:
    """A replaced file has the mode of the old one."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    file.chmod(mode)
    write(file, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_the_time_is_that_of_the_write(tmp_path: Path) -> None:
    """A replaced file is newer than the old one, so that whoever compares times sees it."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    os.utime(file, ns=(1, 1))
    write(file, b"new")
    assert file.stat().st_mtime_ns > 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    """A file that root replaces still belongs to its owner and group."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    os.chown(file, NOBODY, NOBODY)
    write(file, b"new")
    assert (file.stat().st_uid, file.stat().st_gid) == (NOBODY, NOBODY)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may reach and write in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_the_owner_changes_where_it_has_to(open_folder: Path, as_nobody: AsUser) -> None:
    """A user who may write in the folder replaces the file of another, and it is theirs then."""
    file = open_folder / "models.yaml"
    file.write_text("old")
    with as_nobody():
        write(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_uid == NOBODY


def test_links_stay_and_the_real_file_is_replaced(tmp_path: Path) -> None:
    """A chain of links is the same after the write, and the file at its end has the new content."""
    (tmp_path / "repository").mkdir()
    real = tmp_path / "repository" / "real.yaml"
    real.write_text("old")
    (tmp_path / "current").symlink_to("repository")
    link = tmp_path / "models.yaml"
    link.symlink_to("current/real.yaml")
    write(link, b"new")
    assert real.read_bytes() == b"new"
    assert str(link.readlink()) == "current/real.yaml"
    assert not real.is_symlink()


def test_a_dangling_link_gets_its_file(tmp_path: Path) -> None:
    """A write through a link to nothing creates what the link names."""
    link = tmp_path / "models.yaml"
    link.symlink_to("real.yaml")
    write(link, b"new")
    assert (tmp_path / "real.yaml").read_bytes() == b"new"
    assert link.is_symlink()


def test_a_disk_without_room_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the new content does not fit, the old one is untouched, and no part of the new one is left."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    with limited_size(1000), pytest.raises(WriteError) as caught:
        write(file, b"x" * 5000)
    assert caught.value.errno == errno.EFBIG
    assert str(caught.value) == (
        f"{file} could not be written and is as it was (File too large); raise this user's limit on the size of files"
    )
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["models.yaml"]


def test_a_folder_without_the_right_to_write_leaves_the_old_file(open_folder: Path, as_nobody: AsUser) -> None:
    """Where the user may not write in the folder, the old file is untouched, and what to do is said."""
    file = open_folder / "models.yaml"
    file.write_text("old")
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(WriteError) as caught:
        write(file, b"new")
    assert str(caught.value) == (
        f"{file} could not be written and is as it was (Permission denied); let this user write in its folder, or edit"
        " it as another user"
    )
    open_folder.chmod(0o777)
    assert [each.name for each in open_folder.iterdir()] == ["models.yaml"]


def test_a_folder_that_cannot_be_listed_can_be_written_in(open_folder: Path, as_nobody: AsUser) -> None:
    """A folder that may be written in and not be read, and so not be synced, is no reason to fail."""
    open_folder.chmod(0o333)
    with as_nobody():
        write(open_folder / "models.yaml", b"new")
    assert (open_folder / "models.yaml").read_bytes() == b"new"


def make_loop(path: Path) -> None:
    """Make a link to itself."""
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "it is no regular file); move what is in its place away"),
        (os.mkfifo, "it is no regular file); move what is in its place away"),
        (make_loop, "Too many levels of symbolic links); it is a link that leads back to itself: make the link anew"),
    ],
    ids=["folder", "pipe", "loop of links"],
)
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: object, message: str) -> None:
    """Anything but a file in the place of the file stays as it is."""
    path = tmp_path / "models.yaml"
    make(path)  # type: ignore[operator]
    before = path.lstat()
    with pytest.raises(WriteError) as caught:
        write(path, b"new")
    assert str(caught.value) == f"{path} could not be written and is as it was ({message}"
    assert path.lstat() == before


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    """A file in a folder that does not exist is an error which says so."""
    with pytest.raises(WriteError, match=r"\(No such file or directory\); create its folder$"):
        write(tmp_path / "gone" / "models.yaml", b"new")
