"""Compare the readers of catalogues with samples of real pages and answers: python tests/tools/samples.py FOLDER.

The samples are no part of the project. Beside each sample NAME stands NAME.expected.json with what a correct reader
takes from it. Printed is what differs, one line each; the exit code is 1 if anything does.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub.hf_api import ModelInfo

from venom_modeld.core.names import parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.ollama.answers import Catalogue as LocalModels
from venom_modeld.trending import hub_child
from venom_modeld.trending.errors import SourceFailed
from venom_modeld.trending.hub_files import is_model_file, quantisations
from venom_modeld.trending.hub_process import HubProcess
from venom_modeld.trending.huggingface import read_repository
from venom_modeld.trending.limits import Budget, Host, read_rate_limit
from venom_modeld.trending.manifests import Manifest, Manifests, read_manifest
from venom_modeld.trending.ollama_pages import read_list
from venom_modeld.trending.ollama_tags import read_model
from venom_modeld.trending.page_tree import Labels
from venom_modeld.trending.wire import Wire

REASONS = {
    "401_missing_repo_anonymous": Reason.NOT_FOUND,
    "401_gated_file_anonymous": Reason.ACCESS_DENIED,
    "403_gated_file_with_token": Reason.ACCESS_DENIED,
    "429_anonymous_ip": Reason.RATE_LIMITED,
    "429_with_exhausted_headers": Reason.RATE_LIMITED,
    "429_with_headers_not_exhausted": Reason.RATE_LIMITED,
    "400_bad_sort": Reason.FAILED,
    "catalog_404": Reason.INVALID_ANSWER,
    "api_models_404": Reason.INVALID_ANSWER,
    "search_page2_without_htmx": Reason.INVALID_ANSWER,
    "blob_307": Reason.INVALID_ANSWER,
}
"""What the meaning of a case, which the samples give in prose, is to the program."""

WORDS = frozenset({"kind", "note", "meaning", "site_total_models"})
"""Keys of an expectation that are about the sample and not in it, or of no use here."""


def written(seconds: float | None, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str | None:
    """Return a time as the samples write it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(form)


def labels(found: Labels) -> dict[str, Any]:
    """Return labels in the keys of the samples."""
    return {
        "capabilities": list(found.capabilities),
        "cloud": found.cloud,
        "sizes": list(found.sizes),
        "pulls_text": found.pulls_text,
        "pulls": found.pulls,
        "tag_count": found.tag_count,
        "updated_text": found.updated_text,
        "updated_at": written(found.updated_at),
    }


def a_list(path: Path, expected: Any) -> Any:
    """Read a list of ollama.com."""
    page = read_list(path.read_text(encoding="utf-8"), url=path.name)
    cards = [
        {"name": card.name, "path": card.path, "description": card.description, **labels(card.labels)}
        for card in page.cards
    ]
    return {
        "total_cards": len(cards),
        "next_page": page.next_page,
        "models": cards[: len(expected["models"])],
        "all_names": [card.name for card in page.cards],
    }


def a_model(path: Path, _: Any) -> Any:
    """Read the page of a model, or of its tags."""
    page = read_model(path.read_text(encoding="utf-8"), url=path.name)
    names = [tag.name for tag in page.tags]
    tags = [{slot: getattr(tag, slot) for slot in tag.__slots__} | {"cloud": tag.is_cloud} for tag in page.tags]
    return {
        "name": page.name,
        "model": page.name,
        "description": page.description,
        **labels(page.labels),
        "listed_tags": names,
        "all_tags": names,
        "total_tags": len(names),
        "tags": tags,
    }


def a_repository(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the Hub says of one repository: our own reading, and the library's where we read no more of it."""
    info = ModelInfo(**data)
    found = read_repository(hub_child.facts(info))
    gguf = info.gguf or {}
    stamp = "%Y-%m-%dT%H:%M:%S.000Z"
    return {
        "id": found.id,
        "downloads": found.downloads,
        "likes": found.likes,
        "gated": info.gated if found.gated else False,
        "lastModified": written(found.updated_at, stamp),
        "pipeline_tag": found.task,
        "license": next((tag.removeprefix("license:") for tag in found.tags if tag.startswith("license:")), None),
        "is_gguf": found.has_gguf,
        "base_model_quantized": found.quantised_from,
        "gguf_total_params": found.gguf_parameters,
        "gguf_files": sum(is_model_file(name) for name in found.files or ()),
        "projector_files": sum(name.endswith(".gguf") and not is_model_file(name) for name in found.files or ()),
        "siblings": len(found.files or ()),
        "file_sizes_known": any(file.size for file in info.siblings or ()),
        "author": info.author,
        "sha": info.sha,
        "createdAt": written(info.created_at.timestamp(), stamp) if info.created_at else None,
        "library_name": info.library_name,
        "trendingScore": info.trending_score,
        "private": info.private,
        "gguf_context_length": gguf.get("context_length"),
        "gguf_architecture": gguf.get("architecture"),
        "num_parameters": data.get("numParameters"),
        "repo_type": data.get("repoType"),
    }


def repositories(path: Path, _: Any) -> Any:
    """Read a list of the Hub."""
    data = json.loads(path.read_bytes())
    listed = data if isinstance(data, list) else [one["repoData"] for one in data["recentlyTrending"]]
    return {"count": len(listed), "models": [a_repository(one) for one in listed]}


def one_repository(path: Path, _: Any) -> Any:
    """Read one repository of the Hub."""
    return a_repository(json.loads(path.read_bytes()))


def a_tree(path: Path, _: Any) -> Any:
    """Read the files of a repository of the Hub."""
    files = {one["path"]: one["size"] for one in json.loads(path.read_bytes()) if one["type"] == "file"}
    versions = [{"quant": one.name, "bytes": one.size_bytes, "parts": one.parts} for one in quantisations(files)]
    others = [name for name in files if name.endswith(".gguf") and not is_model_file(name)]
    return {"quantisations": versions, "not_models": others}


def a_manifest(path: Path, expected: Any) -> Any:
    """Read a manifest of Ollama's registry."""
    found = read_manifest(path.read_bytes(), url=path.name)
    return {
        "model": expected["model"],
        "manifest_sha256": found.digest.removeprefix("sha256:"),
        "short_id": found.digest.removeprefix("sha256:")[:12],
        "config_digest": found.config.digest,
        "model_layers": layers(found, "model"),
        "projector_layers": layers(found, "projector"),
        "layer_count": len(found.layers),
        "sum_of_layers": sum(layer.size for layer in found.layers),
        "download_bytes_unique": found.size_bytes,
        "layer_media_types": [layer.media_type for layer in found.layers],
    }


def layers(manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    """Return the layers of a kind."""
    wanted = f"application/vnd.ollama.image.{kind}"
    return [{"digest": one.digest, "size": one.size} for one in manifest.layers if one.media_type == wanted]


def updates(path: Path, expected: Any) -> Any:
    """Compare pairs of the manifests beside this sample."""
    known = [read_manifest(one.read_bytes(), url=one.name) for one in path.parent.glob("ollama_manifest_*.json")
             if not one.name.endswith(".expected.json")]  # fmt: skip
    by_digest = {one.digest.removeprefix("sha256:"): one for one in known}
    return {"pairs": [an_update(by_digest, pair) for pair in expected["pairs"]]}


def an_update(known: Mapping[str, Manifest], pair: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what changed between two versions."""
    old, new = known[pair["local_digest"]], known[pair["remote_digest"]]
    blobs = [{blob.digest: blob.size for blob in (one.config, *one.layers)} for one in (old, new)]
    return {
        "pair": pair["pair"],
        "local_digest": old.digest.removeprefix("sha256:"),
        "remote_digest": new.digest.removeprefix("sha256:"),
        "manifest_differs": old.digest != new.digest,
        "content_differs": blobs[0].keys() != blobs[1].keys(),
        "weights_differ": layers(old, "model") != layers(new, "model"),
        "new_bytes_to_download": sum(size for digest, size in blobs[1].items() if digest not in blobs[0]),
    }


def local_models(path: Path, _: Any) -> Any:
    """Read what a local Ollama has."""
    found = LocalModels().read(json.loads(path.read_bytes()))
    listed = [
        {"name": one.name.text, "digest": one.digest.removeprefix("sha256:"), "size": one.size_bytes}
        for one in found.values()
    ]
    return {"models": listed}


def cloud_models(path: Path, _: Any) -> Any:
    """Take the cloud list as it is: it is no catalogue, and nothing here reads it."""
    keys = {"name": "name", "modified_at": "modified_at", "size": "size", "digest": "digest_prefix"}
    data = json.loads(path.read_bytes())["models"]
    return {"models": [{to: one[key] for key, to in keys.items()} for one in data]}


def cases(path: Path, _: Any) -> Any:
    """Read answers that are not a list: limits, refusals."""
    return {"cases": {one["case"]: asyncio.run(a_case(one)) for one in json.loads(path.read_bytes())}}


async def a_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Read one of them."""
    headers = {name.lower(): value for name, value in case.get("headers", {}).items()}
    limit = read_rate_limit(headers)
    found: dict[str, Any] = {"reason": None}
    if limit is not None:
        found |= {
            "bucket": limit.bucket,
            "remaining": limit.remaining,
            "reset_seconds": limit.reset_seconds,
            "quota": limit.quota,
            "window_seconds": limit.window_seconds,
            "wait_needed": limit.wait is not None,
        }
    if case["case"].startswith("manifest_"):
        return found | await a_look_up(case, headers)
    if case["status"] != 200:
        error = refusal(case, headers)
        found |= {"reason": error.reason, "wait_seconds_at_least": error.retry_after}
    return found


def refusal(case: Mapping[str, Any], headers: Mapping[str, str]) -> SourceFailed:
    """Return what a refusal becomes; those of one repository are known by what they are about."""
    hub = HubProcess(Host("hub", Budget(burst=1, seconds=1), clock=lambda: 0.0), version="0", environ={})
    about = {"repository": "Org/Repo"} if "_repo_" in case["case"] or "gated" in case["case"] else {}
    return hub._error(about, {"status": case["status"], "headers": headers})


async def a_look_up(case: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Look a manifest up where the registry answers as the case says."""

    def reply(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(case["status"], headers=dict(headers))

    host = Host("registry", Budget(burst=9, seconds=1), clock=lambda: 0.0)
    wire = Wire("http://registry", host, user_agent="samples", transport=httpx2.MockTransport(reply))
    digest = await Manifests(wire).digest(parse_ollama("qwen3.5:9b"))
    await wire.close()
    return {"digest": digest.removeprefix("sha256:") if digest else None}


READERS: Mapping[str, Callable[[Path, Any], Any]] = {
    "search": a_list,
    "library": a_list,
    "model": a_model,
    "tags": a_model,
    "hf_models_list": repositories,
    "hf_api_trending": repositories,
    "hf_model_info": one_repository,
    "hf_tree": a_tree,
    "http_cases": cases,
    "ollama_manifest": a_manifest,
    "update_check": updates,
    "ollama_local_tags": local_models,
    "ollama_com_api_tags": cloud_models,
}


def differences(found: Any, expected: Any, where: str) -> Iterator[str]:
    """Yield a line for everything that is expected and was read otherwise; what is not expected is not looked at."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() - WORDS:
            yield from differences(found.get(key), expected[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif where.endswith(".wait_seconds_at_least"):
        if found is None or found < expected:
            yield f"{where}: read {found!r}, expected {expected!r} or more"
    elif found != expected:
        yield f"{where}: read {found!r}, expected {expected!r}"


def compare(path: Path) -> Iterator[str]:
    """Yield what differs in one sample, given the file with what is expected."""
    expected = json.loads(path.read_bytes())
    name = path.name.removesuffix(".expected.json")
    reader = READERS.get(expected["kind"])
    if reader is None:
        yield f"{name}: nothing here reads samples of the kind {expected['kind']!r}"
        return
    for case in expected.get("cases", {}) if expected["kind"] == "http_cases" else ():
        expected["cases"][case]["reason"] = REASONS.get(case)
    try:
        found = reader(path.with_name(name), expected)
    except (SourceFailed, KeyError, ValueError, TypeError) as error:
        yield f"{name}: cannot be read: {type(error).__name__}: {error}"
        return
    yield from differences(found, expected, name)


def main(arguments: list[str]) -> int:
    """Compare every sample of a folder; return the exit code."""
    folder = Path(arguments[0]) if len(arguments) == 1 and arguments[0] else None
    if folder is None or not folder.is_dir():
        sys.stderr.write("Name the folder of the samples: make samples SAMPLES=FOLDER\n")
        return 2
    paths = sorted(folder.glob("*.expected.json"))
    lines = [line for path in paths for line in sorted(compare(path), key=natural)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"{len(paths)} samples compared, {len(lines)} differences\n")
    return 1 if lines or not paths else 0


def natural(line: str) -> list[str | int]:
    """Return a key that sorts numbers in a text by their value."""
    return [int(part) if part.isdigit() else part for part in re.split("([0-9]+)", line)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
