"""A real git repository that people push to, and the daemon's view of it; git's own settings are those of nobody."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.config.git.repository import Repository
from venom_modeld.config.setting_groups import Git

ALICE, BOB = "Alice Example <alice@example.org>", "Bob Example <bob@example.org>"


def run(*command: object, folder: Path, **more: Any) -> str:
    """Run a command, and return what it says."""
    words = [str(word) for word in command]
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **more)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def environment_of(home: Path) -> dict[str, str]:
    """Return the environment of a git whose settings are those in a home and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_", "XDG_"))}
    return kept | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


class Forge:
    """A bare repository, and a checkout in which people commit and push; `home` has the settings of their git."""

    def __init__(self, folder: Path, *, home: Path | None = None) -> None:
        self.bare = folder / "models.git"
        self.checkout = folder / "checkout"
        self._more = {"env": environment_of(home)} if home else {}
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare, folder=folder, **self._more)
        run("git", "clone", "--quiet", self.bare, self.checkout, folder=folder, **self._more)
        self.git("switch", "--quiet", "--create", "main")

    @property
    def url(self) -> str:
        """Return its address."""
        return f"file://{self.bare}"

    def git(self, *words: object) -> str:
        """Run git in the checkout."""
        return run("git", *words, folder=self.checkout, **self._more)

    def commit(self, path: str, text: str | None, *, author: str = ALICE, subject: str = "Change the models") -> str:
        """Commit a file, or that it is gone; gives the commit."""
        file = self.checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.unlink()
        else:
            file.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--author={author}", f"--message={subject}")
        return self.git("rev-parse", "HEAD")

    def push(self, path: str, text: str | None, **more: Any) -> str:
        """Commit a file and push it; gives the commit."""
        id_ = self.commit(path, text, **more)
        self.git("push", "--quiet", "origin", "HEAD")
        return id_


@pytest.fixture(autouse=True)
def _of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep git away from the settings and the keys of whoever runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Carol\n\temail = carol@example.org\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Give a repository without a commit."""
    return Forge(tmp_path)


Make = Callable[..., Repository]


@pytest.fixture
def repository(forge: Forge, tmp_path: Path) -> Make:
    """Give what makes the daemon's view of the repository, each as a new process has it."""

    def make(**settings: Any) -> Repository:
        git = Git.model_validate({"url": forge.url, **settings})
        return Repository(git, tmp_path / "state", host="gpu-7", wall=lambda: 1000.0)

    return make
