"""Reading a file whole, or saying why not."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path

import pytest

from venom_modeld.config.loader import LIMIT_BYTES, read_file, revision_of
from venom_modeld.config.problems import SourceError

DEADLINE = 20.0

AsUser = Callable[[], AbstractContextManager[None]]


def refusal(path: Path, limit: int = LIMIT_BYTES) -> str:
    """Give what is said of a file that cannot be read."""
    with pytest.raises(SourceError) as caught:
        read_file(path, limit_bytes=limit)
    return str(caught.value)


def refusal_or_none(path: Path) -> str | None:
    """Give what is said of a file, or None where it can be read."""
    try:
        read_file(path)
    except SourceError as error:
        return str(error)
    return None


def test_a_file_is_read_with_its_revision(tmp_path: Path) -> None:
    """A file gives its bytes as they are, and a revision which is the digest of them."""
    file = tmp_path / "models.yaml"
    content = "\ufeffversion: 1 # é\r\n".encode()
    file.write_bytes(content)
    source = read_file(str(file))
    assert (source.path, source.content) == (file, content)
    assert source.revision == revision_of(content) == f"sha256:{sha256(content).hexdigest()}"


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    """An empty file can be read: that it says nothing is for its reader to find."""
    (tmp_path / "empty").touch()
    assert read_file(tmp_path / "empty").content == b""


def test_links_are_followed(tmp_path: Path) -> None:
    """A link to a link to a file reads as the file."""
    (tmp_path / "real").write_text("a: 1\n")
    (tmp_path / "one").symlink_to("real")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert read_file(tmp_path / "two").content == b"a: 1\n"


def make_dangling(path: Path) -> None:
    """Make a link to nothing."""
    path.symlink_to("gone.yaml")


def make_loop(path: Path) -> None:
    """Make a link to itself."""
    path.symlink_to(path)


def make_socket(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "the file does not exist; create it, or name another"),
        (make_dangling, "the file does not exist: it is a link to gone.yaml, where there is none; mend the link"),
        (make_loop, "the file is a link that leads back to itself; make the link anew"),
        (Path.mkdir, "is a folder, not a file; name a file, or move this out of its place"),
        (os.mkfifo, "is a pipe, not a file; name a file, or move this out of its place"),
        (make_socket, "is a socket, not a file; name a file, or move this out of its place"),
    ],
    ids=["missing", "dangling link", "loop of links", "folder", "pipe", "socket"],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: object, message: str) -> None:
    """Anything but a file in the place of the file is refused at once, with what to do."""
    path = tmp_path / "models.yaml"
    make(path)  # type: ignore[operator]
    assert refusal(path) == f"{path}: {message}"


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused(device: str) -> None:
    """A device is refused without a read."""
    assert refusal(Path(device)) == f"{device}: is a device, not a file; name a file, or move this out of its place"


def test_a_file_is_no_folder_on_the_way(tmp_path: Path) -> None:
    """A path through a file is told as such."""
    (tmp_path / "a").touch()
    assert refusal(tmp_path / "a" / "b") == (
        f"{tmp_path}/a/b: the file does not exist: a part of its path is a file and no folder; name another"
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x" * 300, "the path is too long for this file system; name another"),
        ("a\0b", "the path holds a NUL character; name another"),
    ],
)
def test_impossible_paths_are_refused(path: str, message: str) -> None:
    """A path that no file system takes is told as such."""
    assert refusal(Path(path)) == f"{path}: {message}"


def test_a_file_of_others_is_refused(tmp_path: Path, as_nobody: AsUser) -> None:
    """A file that the user may not read is told with what to change."""
    file = tmp_path / "models.yaml"
    file.write_text("a: 1\n")
    file.chmod(0)
    with as_nobody():
        message = refusal(file)
    assert message == (
        f"{file}: the file may not be read by this user; change its owner or mode, or those of its folder"
    )


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    """A file over the limit is refused by its size, which takes no longer for a larger one."""
    file = tmp_path / "models.yaml"
    with file.open("wb") as huge:
        huge.truncate(50_000_000)
    assert refusal(file) == (
        f"{file}: the file has 50000000 bytes or more, and 4194304 are allowed; write a shorter one, or name another"
    )
    with file.open("wb") as huge:
        huge.truncate(1 << 40)
    started = time.monotonic()
    refusal(file)
    assert time.monotonic() - started < DEADLINE


def test_the_limit_is_allowed(tmp_path: Path) -> None:
    """A file of exactly the limit is read, and one byte more is not."""
    file = tmp_path / "models.yaml"
    file.write_bytes(b"12345")
    assert read_file(file, limit_bytes=5).content == b"12345"
    assert "5 bytes or more, and 4 are allowed" in refusal(file, limit=4)


def test_a_file_that_hides_its_size_is_held_to_the_limit() -> None:
    """A file of the kernel says that it has no bytes; what it gives is counted all the same."""
    assert "bytes or more, and 3 are allowed" in refusal(Path("/proc/self/status"), limit=3)


TOUCH = """
import itertools, os, sys
for turn in itertools.count():
    os.utime(sys.argv[1], ns=(turn, turn))
"""


def test_a_file_that_does_not_hold_still_is_refused(tmp_path: Path) -> None:
    """A file that another program touches at each of several readings is refused, and read once it is let alone."""
    file = tmp_path / "models.yaml"
    file.write_bytes(b"a: 1\n" * 800_000)
    message, until = None, time.monotonic() + DEADLINE
    with subprocess.Popen([sys.executable, "-c", TOUCH, str(file)]) as toucher:
        try:
            while message is None and time.monotonic() < until:
                message = refusal_or_none(file)
        finally:
            toucher.kill()
    assert message == f"{file}: the file is being written to; it can be read once that is over"
    assert len(read_file(file).content) == 4_000_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\n", "2:4: the byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
        (b"a: 1\0", "1:5: a NUL byte; the file is binary or UTF-16: save it as UTF-8 text"),
    ],
)
def test_what_is_no_text_is_refused_at_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is no UTF-8 text is refused with the line and the column of the first byte that is not."""
    file = tmp_path / "models.yaml"
    file.write_bytes(content)
    assert refusal(file) == f"{file}:{message}"


def test_an_unknown_failure_is_told_in_the_words_of_the_system(tmp_path: Path) -> None:
    """A failure without a sentence of its own gives the system's reason."""
    assert refusal(Path("/proc/self/mem")) == (
        "/proc/self/mem: the file cannot be read (Input/output error); look at its disk"
    )
