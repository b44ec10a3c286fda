"""Signed commits: what git trusts for the daemon's user may be taken, and nothing else."""

from pathlib import Path

import pytest

from tests.config.git.conftest import Forge, Make, run
from venom_modeld.core.reasons import Reason

ONE, TWO, THREE = (f"version: 1\nruntimes: {{}}\n# {number}\n" for number in (1, 2, 3))


@pytest.fixture
def signed(forge: Forge, tmp_path: Path) -> Forge:
    """Give a repository whose people sign with a key of ssh that the daemon's user trusts."""
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, folder=tmp_path)
    trusted = tmp_path / "trusted"
    trusted.write_text(f"* {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    forge.git("config", "--global", "gpg.format", "ssh")
    forge.git("config", "--global", "gpg.ssh.allowedSignersFile", trusted)
    forge.git("config", "user.signingKey", key)
    forge.git("config", "commit.gpgSign", "true")
    return forge


async def test_a_signed_commit_is_taken_and_an_unsigned_one_is_not(signed: Forge, repository: Make) -> None:
    """What was fetched before stays, also over a restart, until a commit is signed again."""
    first = signed.push("models.yaml", ONE)
    following = repository(require_signed=True)
    await following.fetch()
    assert (following.read().revision, following.origin.reason) == (first, None)
    signed.git("config", "commit.gpgSign", "false")
    unsigned = signed.push("models.yaml", TWO)
    await following.fetch()
    assert (following.read().revision, following.origin.reason) == (first, Reason.SIGNATURE_REFUSED)
    assert following.origin.message.startswith(f"commit {unsigned[:12]} of file://")
    assert "(it has no signature); sign it" in following.origin.message
    restarted = repository(require_signed=True)
    assert await restarted.restore()
    assert restarted.read().revision == first
    signed.git("config", "commit.gpgSign", "true")
    third = signed.push("models.yaml", THREE)
    await following.fetch()
    assert (following.read().revision, following.origin.reason) == (third, None)


async def test_a_key_that_nobody_trusts_counts_for_nothing(signed: Forge, repository: Make, tmp_path: Path) -> None:
    """A signature alone proves nothing."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other", folder=tmp_path)
    signed.git("config", "user.signingKey", tmp_path / "other")
    signed.push("models.yaml", ONE)
    following = repository(require_signed=True)
    await following.fetch()
    assert following.origin.reason is Reason.SIGNATURE_REFUSED
    assert following.origin.commit is None


async def test_of_an_annotated_tag_its_own_signature_counts(signed: Forge, repository: Make) -> None:
    """Whoever made the tag released the commit, which need not be signed."""
    signed.git("config", "commit.gpgSign", "false")
    commit = signed.push("models.yaml", ONE)
    signed.git("tag", "--sign", "--message=One", "v1")
    signed.git("tag", "--annotate", "--no-sign", "--message=Two", "v2")
    signed.git("push", "--quiet", "origin", "v1", "v2")
    good, bad = repository(require_signed=True, ref="v1"), repository(require_signed=True, ref="v2")
    await good.fetch()
    await bad.fetch()
    assert (good.origin.reason, good.read().revision) == (None, commit)
    assert (bad.origin.reason, bad.origin.commit) == (Reason.SIGNATURE_REFUSED, None)


async def test_what_was_fetched_without_the_demand_is_not_taken_under_it(forge: Forge, repository: Make) -> None:
    """Turning `require_signed` on begins anew."""
    forge.push("models.yaml", ONE)
    await repository().fetch()
    assert await repository().restore()
    assert not await repository(require_signed=True).restore()
