"""Repositories over the network: keys and credentials are those that git finds for the daemon's user."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.config.git.conftest import Forge, Make
from tests.config.git.serving import PASSWORD, USER, served, silent
from tests.conftest import DEADLINE
from venom_modeld.config.git.command import GitFailed, git
from venom_modeld.config.git.words import explained, told
from venom_modeld.core.reasons import Reason

DOCS = Path(__file__).parents[3] / "docs"
ONE = "version: 1\nruntimes: {}\n"


def configure(text: str) -> None:
    """Add to the settings that git has for the user."""
    with (Path.home() / ".gitconfig").open("a", encoding="utf-8") as file:
        file.write(text)


async def test_a_credential_helper_opens_an_http_server(forge: Forge, repository: Make) -> None:
    """Without it the server refuses, nobody is asked, and the message says what is missing."""
    commit = forge.push("models.yaml", ONE)
    with served(forge.bare.parent) as address:
        following = repository(url=f"{address}/models.git")
        await following.fetch()
        assert following.origin.reason is Reason.ACCESS_DENIED
        assert "give the daemon's user a key or a credential" in following.origin.message
        helper = f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f"
        configure(f'[credential "{address}"]\n\thelper = "{helper}"\n')
        await following.fetch()
        assert (following.origin.reason, following.read().revision) == (None, commit)


async def test_the_helper_of_the_page_reads_the_credential_of_systemd(
    forge: Forge, repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that only the daemon can read, named by the variable that systemd sets for it."""
    page = (DOCS / "how-to/follow-a-git-repository.md").read_text(encoding="utf-8")
    [helper] = re.findall(r"^    '(!f\(\).*)'$", page, re.MULTILINE)
    (tmp_path / "git-token").write_text(PASSWORD, encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    commit = forge.push("models.yaml", ONE)
    with served(forge.bare.parent) as address:
        forge.git("config", "--global", f"credential.{address}.helper", helper)
        following = repository(url=f"{address}/models.git")
        await following.fetch()
    assert (following.origin.reason, following.read().revision) == (None, commit)


async def test_a_wrong_password_is_told_without_it(forge: Forge, repository: Make) -> None:
    """Neither the log nor the API shows what was sent."""
    forge.push("models.yaml", ONE)
    with served(forge.bare.parent) as address:
        configure(f'[credential "{address}"]\n\thelper = "!echo username={USER}; echo password=wrong; true"\n')
        following = repository(url=f"{address}/models.git")
        await following.fetch()
    assert following.origin.reason is Reason.ACCESS_DENIED
    assert "wrong" not in following.origin.message


async def test_ssh_is_what_git_is_set_to(forge: Forge, repository: Make, tmp_path: Path) -> None:
    """A key, a port or another program come from the user's own settings of git and ssh."""
    commit = forge.push("models.yaml", ONE)
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$1" >{tmp_path}/called\nexec sh -c "$2"\n', encoding="utf-8")
    program.chmod(0o755)
    configure(f"[core]\n\tsshCommand = {program}\n[ssh]\n\tvariant = simple\n")
    following = repository(url=f"git@forge.example:{forge.bare}")
    await following.fetch()
    assert following.read().revision == commit
    assert (tmp_path / "called").read_text() == "git@forge.example\n"


async def test_a_server_that_is_not_there_is_tried_again(repository: Make) -> None:
    """It may come back."""
    following = repository(url="http://127.0.0.1:9/models.git")
    await following.fetch()
    assert following.origin.reason is Reason.UNREACHABLE
    assert following.origin.message.endswith("it is tried again by itself")


async def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """With all that git began for it."""
    with silent() as (address, _, gone):
        with pytest.raises(GitFailed, match="it did not end within") as caught:
            await git(tmp_path, "ls-remote", address, deadline=1.0)
        assert await asyncio.to_thread(gone.wait, DEADLINE)
    assert caught.value.code is None
    assert explained(caught.value.said, address).reason is Reason.UNREACHABLE


async def test_a_fetch_that_is_cut_by_the_end_of_the_daemon_leaves_nothing(tmp_path: Path) -> None:
    """No git goes on behind its back."""
    with silent() as (address, called, gone):
        task = asyncio.create_task(git(tmp_path, "ls-remote", address, deadline=DEADLINE))
        assert await asyncio.to_thread(called.wait, DEADLINE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(gone.wait, DEADLINE)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("fatal: Could not read from remote repository.\nHost key verification failed.", Reason.ACCESS_DENIED),
        ("git@forge: Permission denied (publickey).\nfatal: Could not read from remote.", Reason.ACCESS_DENIED),
        ("fatal: unable to access 'https://a/b/': The requested URL returned error: 403", Reason.ACCESS_DENIED),
        ("fatal: unable to access 'https://a/b/': Could not resolve host: a", Reason.UNREACHABLE),
        ("fatal: repository 'https://a/b/' not found", Reason.NOT_FOUND),
        ("fatal: couldn't find remote ref main", Reason.NOT_FOUND),
        ("error: Server does not allow request for unadvertised object 1234", Reason.NOT_FOUND),
        ("fatal: write error: No space left on device", Reason.DISK_FULL),
        ("fatal: something that nobody has seen", Reason.FAILED),
    ],
)
def test_what_git_says_becomes_a_reason(said: str, reason: Reason) -> None:
    """One word for programs; the sentence keeps git's own words."""
    error = explained(said, "https://a/b")
    assert error.reason is reason
    assert error.message.startswith("https://a/b cannot be fetched: ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", "git said nothing"),
        ("warning: slow\nfatal: it is gone.\n", "it is gone"),
        ("first\nlast words", "last words"),
        (
            "fatal: unable to access 'https://a:b@git.example/c/': no",
            "unable to access 'https://***@git.example/c/': no",
        ),
        ("fatal: \x1b[31mred\x1b[0m", "[31mred [0m"),
        (f"fatal: {'x' * 400}", f"{'x' * 293}…"),
    ],
)
def test_the_line_that_says_most_is_repeated(said: str, shown: str) -> None:
    """On one line, short, and without what a terminal would obey."""
    assert told(said) == shown
