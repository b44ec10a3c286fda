"""Asking the Hub what a revision is now: one request, and every way in which it can say no."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.runtimes.vllm.weights.conftest import MODEL, MakeWeights, large
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.observed import RemoteModel
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.sandbox.hub import Hub, HubFailure
from venom_modeld.sandbox.hub.repositories import small_model

COMMIT = "c" * 40
PAGE = {"sha": COMMIT, "siblings": [{"rfilename": "config.json", "size": 2, "blobId": "a" * 40}]}
SERVABLE = {
    "sha": COMMIT,
    "siblings": [*PAGE["siblings"], {"rfilename": "model.safetensors", "size": 5, "blobId": "b" * 40}],
}
WHERE = f"GET /api/models/{MODEL}/revision/main?blobs=true"


async def test_one_request_tells_commit_and_size(hub: Hub, weights: Weights) -> None:
    """A look-up is one request, and the size is that of the files that would be installed."""
    commit = hub.publish(MODEL, {**large(64_000), "model.fp16.safetensors": b"x" * 9_999})
    found = await weights.look_up(MODEL, "main")
    assert found.digest == commit
    assert found.size_bytes is not None
    assert 64_000 < found.size_bytes < 66_000
    assert len(hub.requests) == 1
    only = await weights.look_up(MODEL, "main", ["config.json"])
    assert only.size_bytes == hub.repositories.named[MODEL].files["config.json"].content.size


async def test_a_moved_branch_is_seen(hub: Hub, weights: Weights) -> None:
    """A branch that moved is another commit; a tag and a commit stay what they are."""
    first = hub.publish(MODEL)
    hub.repositories.tag(MODEL, "v1", first)
    second = hub.publish(MODEL, small_model(MODEL, seed="new"))
    assert (await weights.look_up(MODEL, "main")).digest == second
    for revision in ("v1", first):
        assert (await weights.look_up(MODEL, revision)).digest == first
    third = hub.publish(MODEL, branch="refs/pr/7")
    assert (await weights.look_up(MODEL, "refs/pr/7")).digest == third


GATED = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/model is restricted."}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way in which the Hub says no, and what is made of it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    reason: Reason
    passing: bool = False
    words: str


REFUSALS = [
    Case(status=401, headers=GATED, reason=Reason.GATED, words="access at {url}/org/model, give the daemon a token"),
    Case(
        status=403,
        headers=GATED,
        token="hf_x",
        reason=Reason.GATED,
        words="Ask for access at {url}/org/model, with the account of the token",
    ),
    Case(status=401, reason=Reason.NOT_FOUND, words="Correct the name; if it is private"),
    Case(
        status=404,
        headers={"X-Error-Code": "RepoNotFound"},
        token="hf_x",
        reason=Reason.NOT_FOUND,
        words="account of the token access",
    ),
    Case(
        status=404,
        headers={"X-Error-Code": "RevisionNotFound"},
        reason=Reason.REVISION_NOT_FOUND,
        words="under `revision`",
    ),
    Case(status=401, token="hf_x", reason=Reason.CREDENTIALS_REFUSED, words="does not accept the token"),
    Case(status=403, token="hf_x", reason=Reason.ACCESS_DENIED, words="Give the token the right"),
    Case(status=429, reason=Reason.RATE_LIMITED, passing=True, words="with a token the Hub allows more"),
    Case(status=503, reason=Reason.REGISTRY_ERROR, passing=True, words="tried again later"),
    Case(status=408, reason=Reason.REGISTRY_ERROR, passing=True, words="tried again later"),
    Case(
        status=302,
        headers={"Location": "https://login.lan/?next=secret"},
        reason=Reason.REGISTRY_ERROR,
        passing=True,
        words="sends us to https://login.lan/",
    ),
    Case(status=451, reason=Reason.REGISTRY_ERROR, words="the Hub refuses"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case.status}-{case.reason}-{case.token}")
async def test_each_refusal_has_a_reason_and_advice(hub: Hub, make_weights: MakeWeights, case: Case) -> None:
    """What the Hub refuses is told with its reason, with what to do, and without a secret."""
    hub.faults.failures = [HubFailure(status=case.status, headers=dict(case.headers))]
    with pytest.raises(TemporaryError if case.passing else PermanentError) as caught:
        await make_weights(token=case.token).look_up(MODEL, "main")
    assert caught.value.reason is case.reason
    assert case.words.format(url=hub.url) in caught.value.message
    assert "org/model (main) failed" in caught.value.message
    assert "secret" not in caught.value.message
    assert "hf_x" not in caught.value.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"RateLimit": '"api";r=12;t=55'}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
async def test_the_wait_that_the_hub_asks_for_is_kept(
    make_weights: MakeWeights, server: ScriptedServer, headers: dict[str, str], seconds: float | None
) -> None:
    """A limit tells how long to wait; its headers count only where nothing is left of it."""
    server.on(WHERE, Reply(status=429, body=b"We had to rate limit your IP.", headers=headers))
    with pytest.raises(TemporaryError, match=r"429: We had to rate limit your IP\)") as caught:
        await make_weights(endpoint=server.url).look_up(MODEL, "main")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (Reply(body=b"<html>sign in</html>"), Reason.REGISTRY_ERROR, "no sign-in page stands before it"),
        (
            Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}),
            Reason.REGISTRY_ERROR,
            "cannot be unpacked",
        ),
        (Reply(body={"sha": "x"}), Reason.REGISTRY_ERROR, "it names no commit"),
        (Reply(body={"sha": COMMIT}), Reason.REGISTRY_ERROR, "it lists no files"),
        (Reply(end="nothing"), Reason.REGISTRY_UNREACHABLE, "gives no answer"),
        (Reply(body=PAGE, end="cut"), Reason.REGISTRY_UNREACHABLE, "gives no answer"),
        (Reply(status=500, body=b"<html/>", headers={"Content-Type": "text/html"}), Reason.REGISTRY_ERROR, "a page"),
        (Reply(status=500, body={"error": ["odd"]}), Reason.REGISTRY_ERROR, "is in trouble"),
    ],
)
async def test_answers_that_make_no_sense_may_pass(
    make_weights: MakeWeights, server: ScriptedServer, reply: Reply, reason: Reason, words: str
) -> None:
    """Nonsense, silence and captive portals are tried again, and say what may be wrong."""
    server.on(WHERE, reply)
    with pytest.raises(TemporaryError, match=words) as caught:
        await make_weights(endpoint=server.url).look_up(MODEL, "main")
    assert caught.value.reason is reason


async def test_a_hub_that_is_away_is_told(hub: Hub, weights: Weights) -> None:
    """Without a network the message names the Hub, and it is tried again."""
    await hub.stop()
    with pytest.raises(TemporaryError, match=f"{hub.url} gives no answer: connection refused") as caught:
        await weights.look_up(MODEL, "main")
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE


async def test_offline_mode_asks_nothing(hub: Hub, make_weights: MakeWeights) -> None:
    """Where the daemon is told to stay offline, the Hub sees no request."""
    with pytest.raises(TemporaryError, match="HF_HUB_OFFLINE is set"):
        await make_weights(offline=True).look_up(MODEL, "main")
    assert len(hub.requests) == 0


async def test_a_renamed_repository_is_followed(make_weights: MakeWeights, server: ScriptedServer) -> None:
    """The Hub sends to the new name of a repository, and the token goes along within the Hub."""
    new = "GET /api/models/org/renamed/revision/main?blobs=true"
    server.on(WHERE, Reply(status=307, headers={"Location": "/api/models/org/renamed/revision/main"}))
    server.on(new, SERVABLE)
    found = await make_weights(endpoint=server.url, token="hf_x").look_up(MODEL, "main")
    assert found == RemoteModel(digest=COMMIT, size_bytes=7)
    assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer hf_x"] * 2


async def test_a_circle_of_redirects_ends(make_weights: MakeWeights, server: ScriptedServer) -> None:
    """A server that sends round and round is asked a few times, and no more."""
    server.on(WHERE, Reply(status=307, headers={"Location": WHERE.removeprefix("GET ")}))
    with pytest.raises(TemporaryError, match="sends us to"):
        await make_weights(endpoint=server.url).look_up(MODEL, "main")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("repository", "revision"),
    [
        ("model", "main"),
        ("org/../x", "main"),
        ("a--b/c", "main"),
        ("org/model", "../../etc"),
        ("org/model", "a b"),
        ("org/model", "/main"),
        ("org/model", ""),
    ],
)
async def test_impossible_names_never_reach_the_disk(
    hub: Hub, weights: Weights, repository: str, revision: str
) -> None:
    """A name that could lead out of the cache is refused before anything is done with it."""
    with pytest.raises(PermanentError, match="write") as caught:
        await weights.look_up(repository, revision)
    assert caught.value.reason is Reason.INVALID_NAME
    with pytest.raises(PermanentError):
        await weights.point(repository, revision, COMMIT)
    assert len(hub.requests) == 0


async def test_gguf_files_are_sent_to_ollama(hub: Hub, weights: Weights) -> None:
    """A repository of GGUF files is refused with what to write instead."""
    hub.publish(MODEL, {"m-Q4_K_M.gguf": b"GGUF", "README.md": b"#"})
    with pytest.raises(PermanentError, match=r"org/model holds GGUF files .* as hf\.co/org/model") as caught:
        await weights.look_up(MODEL, "main")
    assert caught.value.reason is Reason.NOT_SERVABLE


async def test_a_bad_token_file_stops_before_the_hub(hub: Hub, make_weights: MakeWeights, tmp_path: Path) -> None:
    """A token that cannot be read is told, and the Hub is not asked as an anonymous visitor instead."""
    with pytest.raises(PermanentError, match="cannot be read"):
        await make_weights(token_file=tmp_path / "none").look_up(MODEL, "main")
    assert len(hub.requests) == 0


async def test_many_look_ups_share_connections(hub: Hub, weights: Weights) -> None:
    """Look-ups at the same time all get their answers."""
    hub.publish(MODEL)
    found = await asyncio.gather(*(weights.look_up(MODEL, "main") for _ in range(5)))
    assert len(set(found)) == 1
