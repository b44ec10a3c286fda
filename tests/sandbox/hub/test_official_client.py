"""The Hub's own client against the stand-in: it takes it for a Hub in everything that a model needs."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.hub.conftest import Official
from venom_modeld.sandbox.hub import Hub
from venom_modeld.sandbox.hub.repositories import small_model


async def test_a_snapshot_is_downloaded_whole(hub: Hub, official: Official) -> None:
    """Every file arrives under the commit of the branch, with the bytes that were published."""
    commit = hub.publish("org/model", small_model("org/model", weights=200_000, parts=2))
    path = await official.download("org/model")
    assert path.name == commit
    published = hub.repositories.named["org/model"].commits[commit]
    assert {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()} == set(published)
    for name, stored in published.items():
        assert (path / name).read_bytes() == stored.content.read(0, stored.content.size)


async def test_a_repeated_download_is_one_request(hub: Hub, official: Official) -> None:
    """A cache that is complete costs the question what the branch is now."""
    hub.publish("org/model")
    await official.download("org/model")
    hub.requests.clear()
    await official.download("org/model")
    assert [request.path for request in hub.requests] == ["/api/models/org/model/revision/main"]


async def test_xet_brings_large_files(hub: Hub, official: Official) -> None:
    """The storage behind the Hub's own protocol gives the client all terms of a file, and no file comes plainly."""
    hub.publish("org/model", small_model("org/model", weights=20_000_000), xet=True)
    path = await official.download("org/model")
    stored = hub.repositories.named["org/model"].files["model.safetensors"]
    assert (path / "model.safetensors").read_bytes() == stored.content.read(0, stored.content.size)
    assert hub.requests.count(path="/cas/terms/*") == 2
    assert hub.requests.count(path="/cdn/*") == 0


async def test_checksums_are_those_of_the_content(hub: Hub, official: Official) -> None:
    """The client's own check of a download finds nothing wrong, and finds a file that was changed."""
    commit = hub.publish("org/model")
    path = await official.download("org/model")
    verified = await official.api("verify_repo_checksums", "org/model", revision=commit, cache_dir=official.cache)
    assert (verified.mismatches, verified.missing_paths) == ([], [])
    (path / "config.json").resolve().write_bytes(b"{}")
    verified = await official.api("verify_repo_checksums", "org/model", revision=commit, cache_dir=official.cache)
    assert [mismatch["path"] for mismatch in verified.mismatches] == ["config.json"]


async def test_a_model_page_tells_files_with_hashes(hub: Hub, official: Official) -> None:
    """A page has the commit, and with metadata the size and the hash of each file."""
    commit = hub.publish("org/model", {"config.json": b"{}", "model.safetensors": b"weights"}, gated="manual")
    info = await official.api("model_info", "org/model", files_metadata=True)
    assert (info.sha, info.gated) == (commit, "manual")
    by_name = {sibling.rfilename: sibling for sibling in info.siblings}
    assert by_name["config.json"].size == 2
    assert by_name["config.json"].blob_id == "9e26dfeeb6e641a33dae4961196235bdb965b21b"
    assert by_name["config.json"].lfs is None
    assert by_name["model.safetensors"].lfs.size == 7


async def test_branches_tags_and_commits_are_revisions(hub: Hub, official: Official) -> None:
    """A branch with a slash, a tag, a commit and the beginning of one all lead to a page."""
    first = hub.publish("org/model")
    hub.repositories.tag("org/model", "v1", first)
    second = hub.publish("org/model", {"config.json": b"{}"}, branch="refs/pr/1")
    for revision, commit in {"main": first, "v1": first, first: first, first[:9]: first, "refs/pr/1": second}.items():
        assert (await official.api("model_info", "org/model", revision=revision)).sha == commit
    refs = await official.api("list_repo_refs", "org/model")
    assert [(ref.name, ref.target_commit) for ref in refs.tags] == [("v1", first)]
    assert {ref.name for ref in refs.branches} == {"main", "refs/pr/1"}
    assert (await official.download("org/model", revision="refs/pr/1")).name == second


async def test_a_tree_is_listed_in_pages_and_folders(hub: Hub, official: Official) -> None:
    """The tree comes whole over several pages, and without recursion tells folders."""
    hub.publish("org/model", {f"sub/{number:04}.txt": b"x" for number in range(1001)} | {"top.bin": b"y"}, xet=True)
    entries = await official.api("list_repo_tree", "org/model", recursive=True)
    assert len(entries) == 1002
    assert next(entry for entry in entries if entry.path == "top.bin").xet_hash
    top = await official.api("list_repo_tree", "org/model")
    assert {entry.path for entry in top} == {"sub", "top.bin"}
    assert len(await official.api("list_repo_tree", "org/model", "sub")) == 1001


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"sort": "trending_score", "limit": 2}, ["org/b", "org/c"]),
        ({"sort": "downloads"}, ["org/c", "org/a", "org/b"]),
        ({"search": "A"}, ["org/a"]),
        ({"filter": "gguf"}, ["org/b"]),
        ({"filter": ["safetensors", "text-generation"]}, ["org/c", "org/a"]),
        ({"pipeline_tag": "feature-extraction"}, ["org/b"]),
        ({"author": "nobody"}, []),
        ({"gated": True}, ["org/c"]),
    ],
)
async def test_models_are_listed_as_asked(
    hub: Hub, official: Official, asked: dict[str, Any], names: list[str]
) -> None:
    """Lists are filtered, searched, sorted and cut as the client asks; private models are in none."""
    hub.publish("org/a", tags=("safetensors",), downloads=5, trending_score=1)
    hub.publish("org/b", tags=("gguf",), downloads=3, trending_score=9, pipeline_tag="feature-extraction")
    hub.publish("org/c", tags=("safetensors",), downloads=7, trending_score=4, gated="auto")
    hub.publish("org/hidden", private=True)
    assert [model.id for model in await official.api("list_models", **asked)] == names


async def test_expanded_fields_drop_all_others(hub: Hub, official: Official) -> None:
    """A list with `expand` has the fields that were named and no others."""
    hub.publish("org/a", safetensors={"parameters": {"BF16": 5}, "total": 5}, likes=3)
    expand = ["safetensors", "lastModified", "gated"]
    (model,) = await official.api("list_models", expand=expand)
    assert model.safetensors.total == 5
    assert model.gated is False
    assert model.last_modified is not None
    assert model.likes is None


async def test_a_token_tells_who_asks(hub: Hub, official: Official) -> None:
    """The stand-in knows the accounts that were made known to it, and no others."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    hub.repositories.login("hf_good", "ann")
    assert (await official.api("whoami", token="hf_good"))["name"] == "ann"
    with pytest.raises(HfHubHTTPError):
        await official.api("whoami", token="hf_bad")


async def test_a_gated_model_is_for_those_who_were_let_in(hub: Hub, official: Official) -> None:
    """Its page is for everybody, its files are for the accounts on its list."""
    from huggingface_hub.errors import GatedRepoError  # noqa: PLC0415

    hub.publish("org/gated", gated="manual")
    hub.repositories.login("hf_out", "out")
    hub.repositories.login("hf_in", "in", "org/gated")
    for token in (None, "hf_out"):
        with pytest.raises(GatedRepoError):
            await official.download("org/gated", token=token)
    with pytest.raises(GatedRepoError):
        await official.api("auth_check", "org/gated", token="hf_out")
    await official.api("auth_check", "org/gated", token="hf_in")
    assert (await official.download("org/gated", token="hf_in")).is_dir()


async def test_the_token_stays_with_the_hub(hub: Hub, official: Official) -> None:
    """Large files come from a host that the client does not send its token to."""
    hub.repositories.login("hf_good", "ann")
    hub.publish("org/model")
    await official.download("org/model", token="hf_good")
    assert hub.requests.count(path="/cdn/*") == 1
    assert not any(path.startswith("/cdn/") for path in hub.traffic.with_token)
    assert any(path.startswith("/org/") for path in hub.traffic.with_token)


async def test_a_folder_becomes_a_repository(hub: Hub, official: Official, tmp_path: Path) -> None:
    """Files of this host are served as they are, those in folders too."""
    source = tmp_path / "source"
    (source / "1_Pooling").mkdir(parents=True)
    (source / "1_Pooling" / "config.json").write_bytes(b"{}")
    (source / "model.safetensors").write_bytes(b"0123456789")
    hub.publish_folder("org/folder", source)
    path = await official.download("org/folder")
    assert (path / "model.safetensors").read_bytes() == b"0123456789"
    assert (path / "1_Pooling" / "config.json").read_bytes() == b"{}"


async def test_a_cut_answer_is_gone_on_with(hub: Hub, official: Official) -> None:
    """The client asks for the rest of a file whose connection was cut, and gets it from there on."""
    hub.publish("org/model", small_model("org/model", weights=12_000_000))
    hub.faults.cut_at, hub.faults.cut_times = 11_000_000, 1
    await official.download("org/model", allow_patterns=["model.safetensors"])
    starts = [start for name, start in hub.traffic.starts if name == "org/model/model.safetensors"]
    assert starts[0] == 0
    assert starts[1] > 0
