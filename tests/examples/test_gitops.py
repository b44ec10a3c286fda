"""The repositories of the how-to, followed by the daemon's own reader."""

import shutil
from pathlib import Path

import pytest

from tests.config.git.conftest import Forge
from tests.examples.conftest import EXAMPLES
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.git.repository import Repository
from venom_modeld.config.settings import load_settings
from venom_modeld.runtimes.registry import kinds

HOSTS = {"gpu-1": "ollama", "gpu-2": "vllm"}


def test_one_host_follows_its_repository() -> None:
    """The settings of the page name it."""
    git = load_settings(EXAMPLES / "gitops/modeld.yaml", {}, {}).source.git
    assert (git.url, git.ref, git.path) == ("https://git.example/models.git", "main", "models.yaml")


@pytest.mark.parametrize("host", HOSTS)
async def test_each_host_of_a_fleet_reads_its_own_file(tmp_path: Path, host: str) -> None:
    """By the same settings; each file is valid."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Alice\n\temail = alice@example.org\n", encoding="utf-8")
    forge = Forge(tmp_path, home=home)
    shutil.copytree(EXAMPLES / "gitops/fleet/hosts", forge.checkout / "hosts")
    forge.push("README", "Ours.\n")
    git = load_settings(EXAMPLES / "gitops/fleet/modeld.yaml", {}, {}).source.git
    settings = git.model_copy(update={"url": forge.url})
    following = Repository(settings, tmp_path / "state", host=host, wall=lambda: 0.0)
    await following.fetch()
    source = following.read()
    [runtime] = parse_models(source.content, path=following.path, kinds=kinds()).runtimes
    assert (str(source.path), runtime.kind) == (f"hosts/{host}/models.yaml", HOSTS[host])
