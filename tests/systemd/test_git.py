"""The hardened, unprivileged daemon on a repository of another server: a push changes the models."""

import pytest

from tests.systemd.service import QUICK, SETTINGS, Service
from tests.systemd.throwaway import eventually

SOURCE = "source: {git: {url: 'git://127.0.0.1/models.git', path: 'hosts/{host}/models.yaml', interval: 1h}}\n"
FILE = """
version: 1
runtimes:
  one: {{kind: ollama, url: 'http://127.0.0.1:11434', prune: managed, models: [{}]}}
"""
SERVE = ["daemon", "--export-all", "--listen=127.0.0.1", "--base-path=/srv/git"]


@pytest.fixture
def following(service: Service) -> Service:
    """Give a service that follows a repository, which a server on the host has."""
    host = service.host
    git = ["git", "-c", "init.defaultBranch=main"]
    host.run(*git, "init", "--quiet", "--bare", "/srv/git/models.git")
    host.run(*git, "clone", "--quiet", "/srv/git/models.git", "/srv/checkout")
    push(service, "all-minilm")
    host.run("systemd-run", "--quiet", "--unit=forge", "git", *SERVE)
    eventually(lambda: host.run("git", "ls-remote", "git://127.0.0.1/models.git", check=False), "the server answers")
    host.write(SETTINGS, QUICK + SOURCE)
    host.run("systemctl", "restart", "venom-modeld")
    return service


def push(service: Service, *models: str) -> str:
    """Push a file with these models; gives the commit."""
    host = service.host
    host.write(f"/srv/checkout/hosts/{host.run('hostname')}/models.yaml", FILE.format(", ".join(models)))
    person = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org"]
    host.run("git", "-C", "/srv/checkout", "add", ".")
    host.run("git", "-C", "/srv/checkout", *person, "commit", "--quiet", "--message=Change the models")
    host.run("git", "-C", "/srv/checkout", "push", "--quiet", "origin", "HEAD")
    return host.run("git", "-C", "/srv/checkout", "rev-parse", "HEAD")


def test_a_push_to_the_repository_changes_the_models(following: Service) -> None:
    """After `systemctl reload`; what git writes is the daemon's, and no models.yaml of the host counts."""
    following.converged()
    assert "all-minilm" in following.sandbox("state")
    commit = push(following, "all-minilm", "gemma3:270m")
    following.host.run("systemctl", "reload", "venom-modeld")
    eventually(lambda: following.log("MODELD_MESSAGE=file accepted", f"MODELD_REVISION={commit}"), "it is in force")
    following.converged()
    assert "gemma3:270m" in following.sandbox("state")
    [entry] = following.log("MODELD_MESSAGE=file accepted", f"MODELD_REVISION={commit}")
    assert entry["MODELD_AUTHOR"] == "Alice <alice@example.org>"
    assert following.host.run("stat", "--format", "%U", "/var/lib/venom-modeld/source.git") == "venom-modeld"
    assert "gemma3" not in following.host.run("cat", "/etc/venom-modeld/models.yaml")
