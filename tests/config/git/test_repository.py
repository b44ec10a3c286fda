"""The file out of a repository: the newest commit that may be taken, and the last good one whenever there is none."""

import logging
import shutil
from pathlib import Path

import pytest

from tests.config.git.conftest import ALICE, BOB, Forge, Make, run
from venom_modeld.config.loader import LIMIT_BYTES
from venom_modeld.config.problems import SourceError
from venom_modeld.core.reasons import Reason

ONE, TWO = "version: 1\nruntimes: {}\n", "version: 1\nruntimes: {}\nsuspend: true\n"


async def test_the_newest_commit_is_read(forge: Forge, repository: Make) -> None:
    """Its file, its id as the revision, and its author; then those of the next push."""
    first = forge.push("models.yaml", ONE)
    following = repository()
    await following.fetch()
    source = following.read()
    assert (source.content.decode(), source.revision, source.author) == (ONE, first, ALICE)
    second = forge.push("models.yaml", TWO, author=BOB, subject="Suspend  all\x1b[31m")
    await following.fetch()
    source, origin = following.read(), following.origin
    assert (source.content.decode(), source.revision, source.author) == (TWO, second, BOB)
    assert origin.commit is not None
    assert (origin.commit.id, origin.commit.subject) == (second, "Suspend all [31m")
    assert (origin.fetched_at, origin.reason, origin.message) == (1000.0, None, "")


async def test_a_host_has_its_own_file(forge: Forge, repository: Make) -> None:
    """`{host}` in the path is its name; a commit for another host leaves its revision alone."""
    own = forge.push("hosts/gpu-7/models.yaml", ONE)
    following = repository(path="hosts/{host}/models.yaml")
    await following.fetch()
    assert (following.path, following.read().revision) == ("hosts/gpu-7/models.yaml", own)
    other = forge.push("hosts/gpu-8/models.yaml", TWO, author=BOB)
    await following.fetch()
    assert (following.read().revision, following.read().author) == (own, ALICE)
    assert following.origin.commit is not None
    assert following.origin.commit.id == other


async def test_who_changed_the_file_is_found_among_several_commits(forge: Forge, repository: Make) -> None:
    """Of what was pushed at once, the commit counts that touched the file."""
    forge.push("models.yaml", ONE)
    following = repository()
    await following.fetch()
    changed = forge.commit("models.yaml", TWO, author=BOB)
    forge.push("README", "Ours.\n")
    await following.fetch()
    assert (following.read().revision, following.read().author) == (changed, BOB)


async def test_where_the_fetched_history_begins_the_newest_commit_counts(forge: Forge, repository: Make) -> None:
    """There every file seems to be new, and who made it so is not known."""
    forge.push("models.yaml", ONE)
    for number in range(60):
        last = forge.commit("README", f"{number}\n", author=BOB)
    forge.git("push", "--quiet", "origin", "HEAD")
    following = repository()
    await following.fetch()
    assert following.read().revision == last


async def test_only_so_much_history_is_fetched(forge: Forge, repository: Make, tmp_path: Path) -> None:
    """The repository in the state folder is bare and shallow, and runs no hook."""
    for number in range(60):
        forge.commit("models.yaml", f"{ONE}# {number}\n")
    forge.git("push", "--quiet", "origin", "HEAD")
    following = repository()
    await following.fetch()
    folder = tmp_path / "state/source.git"
    assert run("git", f"--git-dir={folder}", "rev-list", "--all", "--count", folder=folder) == "50"
    assert not (folder / "hooks").exists()


@pytest.mark.parametrize("ref", ["next", "refs/heads/next", "v1", "commit"])
async def test_a_branch_a_tag_or_a_commit_is_followed(forge: Forge, repository: Make, ref: str) -> None:
    """Whichever is named, the newest commit that it leads to."""
    forge.push("models.yaml", TWO)
    forge.git("switch", "--quiet", "--create", "next")
    wanted = forge.push("models.yaml", ONE)
    forge.git("tag", "--annotate", "--message=One", "v1")
    forge.git("push", "--quiet", "origin", "v1")
    following = repository(ref=wanted if ref == "commit" else ref)
    await following.fetch()
    assert (following.read().revision, following.origin.reason) == (wanted, None)


async def test_a_history_that_was_rewritten_is_followed(forge: Forge, repository: Make) -> None:
    """A forced push is a push like any other."""
    forge.push("models.yaml", ONE)
    forge.push("models.yaml", TWO)
    following = repository()
    await following.fetch()
    forge.git("reset", "--quiet", "--hard", "HEAD~1")
    again = forge.commit("README", "Begun anew.\n")
    forge.git("push", "--quiet", "--force", "origin", "main")
    await following.fetch()
    assert following.read().content.decode() == ONE
    assert following.origin.commit is not None
    assert following.origin.commit.id == again


async def test_the_next_process_goes_on_with_what_was_fetched(forge: Forge, repository: Make) -> None:
    """Without a network, and without writing anything; not with what another place had."""
    commit = forge.push("models.yaml", ONE)
    await repository().fetch()
    forge.bare.rename(forge.bare.with_name("away.git"))
    following = repository()
    assert await following.restore()
    assert (following.read().revision, following.origin.fetched_at) == (commit, None)
    assert not await repository(ref="next").restore()


async def test_before_the_first_fetch_there_is_nothing_to_read(repository: Make) -> None:
    """And it says so, and of where."""
    following = repository()
    assert not await following.restore()
    with pytest.raises(SourceError, match=r"^models.yaml: nothing has been fetched yet of file://.*: start the daemon"):
        following.read()


async def test_a_fetch_that_fails_keeps_the_last_commit_and_is_logged_once(
    forge: Forge, repository: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """With git's words, since when, and what to do; and once more when it is over."""
    caplog.set_level(logging.INFO, logger="venom_modeld")
    commit = forge.push("models.yaml", ONE)
    following = repository()
    await following.fetch()
    away = forge.bare.rename(forge.bare.with_name("away.git"))
    await following.fetch()
    await following.fetch()
    origin = following.origin
    assert (following.read().revision, origin.reason, origin.failing_since) == (commit, Reason.NOT_FOUND, 1000.0)
    assert "does not appear to be a git repository" in origin.message
    assert origin.message.endswith("correct `source.git.url`, or give the daemon's user access")
    away.rename(forge.bare)
    await following.fetch()
    assert (following.origin.reason, following.origin.failing_since) == (None, None)
    assert [record.message for record in caplog.records] == [
        "commit taken",
        "repository cannot be fetched",
        "repository can be fetched again",
    ]


async def test_a_branch_that_is_not_there_is_named(forge: Forge, repository: Make) -> None:
    """So that it can be corrected."""
    forge.push("models.yaml", ONE)
    following = repository(ref="nowhere")
    await following.fetch()
    assert following.origin.reason is Reason.NOT_FOUND
    assert "nowhere" in following.origin.message
    assert following.origin.message.endswith("correct `source.git.ref`")


async def test_a_tag_of_no_commit_is_refused(forge: Forge, repository: Make) -> None:
    """A tag may name anything, such as a file."""
    forge.push("models.yaml", ONE)
    forge.git("tag", "content", "HEAD:models.yaml")
    forge.git("push", "--quiet", "origin", "content")
    following = repository(ref="content")
    await following.fetch()
    assert following.origin.reason is not None
    with pytest.raises(SourceError):
        following.read()


async def test_without_git_it_says_what_to_install(
    repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon runs on, and fetches nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    following = repository()
    assert not await following.restore()
    await following.fetch()
    assert following.origin.reason is Reason.FAILED
    assert following.origin.message.endswith("git is not installed on this host; install it")


BAD = {
    "gone": ({"other.yaml": ONE}, "has no such file; add it"),
    "folder": ({"models.yaml/more": ONE}, "has no file there but a folder"),
    "part": ({"hosts": ONE}, "a part of its path is a file"),
    "large": ({"models.yaml": "#" * (LIMIT_BYTES + 1)}, "and 4194304 are allowed"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_commit_without_a_good_file_is_told(forge: Forge, repository: Make, case: str) -> None:
    """With the commit that is to blame; the fetch itself went well."""
    files, expected = BAD[case]
    for path, text in files.items():
        commit = forge.push(path, text)
    following = repository(path="hosts/{host}.yaml" if case == "part" else "models.yaml")
    await following.fetch()
    assert following.origin.reason is None
    with pytest.raises(SourceError, match=expected) as caught:
        following.read()
    assert str(caught.value).startswith(f"{following.path}: commit {commit[:12]} ")


async def test_a_file_that_is_no_text_is_told(forge: Forge, repository: Make) -> None:
    """As it is of a file on this host."""
    (forge.checkout / "models.yaml").write_bytes(b"version: 1\n\xff\n")
    forge.push("README", "Broken.\n")
    following = repository()
    await following.fetch()
    with pytest.raises(SourceError, match=r"models.yaml:2:1: "):
        following.read()


LINKS = {
    "hosts/default.yaml": None,
    "hosts/nobody.yaml": "leads to nothing",
    "/etc/passwd": "leads out of the repository",
    "../../outside.yaml": "leads out of the repository",
    "hosts/gpu-7.yaml": "leads back to itself",
}


@pytest.mark.parametrize("target", LINKS)
async def test_a_link_is_followed_within_the_repository_only(forge: Forge, repository: Make, target: str) -> None:
    """Hosts may share a file; no file of this host can be had by a link."""
    link = forge.checkout / "hosts/gpu-7.yaml"
    link.parent.mkdir()
    link.symlink_to(target if target.startswith(("/", ".")) else Path(target).name)
    forge.push("hosts/default.yaml", ONE)
    following = repository(path="hosts/{host}.yaml")
    await following.fetch()
    if LINKS[target] is None:
        assert following.read().content.decode() == ONE
        changed = forge.push("hosts/default.yaml", TWO)
        await following.fetch()
        assert (following.read().content.decode(), following.read().revision) == (TWO, changed)
    else:
        with pytest.raises(SourceError, match=LINKS[target]):
            following.read()


async def test_what_a_killed_git_left_behind_hinders_nothing(forge: Forge, repository: Make, tmp_path: Path) -> None:
    """Its locks would stop every later fetch."""
    forge.push("models.yaml", ONE)
    await repository().fetch()
    folder = tmp_path / "state/source.git"
    for name in ("shallow.lock", "refs/venom/incoming.lock", "packed-refs.lock", "config.lock"):
        (folder / name).touch()
    commit = forge.push("models.yaml", TWO)
    following = repository()
    await following.fetch()
    assert (following.origin.reason, following.read().revision) == (None, commit)


DAMAGE = {
    "an empty object": lambda folder: [path.write_bytes(b"") for path in files(folder / "objects")],
    "a torn object": lambda folder: [path.write_bytes(path.read_bytes()[:20]) for path in files(folder / "objects")],
    "no object": lambda folder: shutil.rmtree(folder / "objects"),
    "an empty reference": lambda folder: [path.write_bytes(b"") for path in files(folder / "refs")],
    "no settings": lambda folder: [(folder / name).write_bytes(b"") for name in ("HEAD", "config")],
}


def files(folder: Path) -> list[Path]:
    """Return the files in a folder, each open for writing."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    for path in found:
        path.chmod(0o644)
    return found


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_repository_that_was_damaged_is_fetched_anew(
    forge: Forge, repository: Make, tmp_path: Path, damage: str
) -> None:
    """A power cut may leave anything; nothing in it is only there."""
    forge.push("models.yaml", ONE)
    await repository().fetch()
    DAMAGE[damage](tmp_path / "state/source.git")
    following = repository()
    await following.restore()
    commit = forge.push("models.yaml", TWO)
    await following.fetch()
    assert (following.origin.message, following.read().revision) == ("", commit)
