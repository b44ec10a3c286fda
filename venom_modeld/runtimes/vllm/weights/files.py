"""Which files of a repository a server needs, and which only repeat them in another form.

A repository often holds its weights several times: as safetensors, as `.bin`, as the original checkpoint in a folder of
its own, in half precision beside the full one. One form is chosen, the one that vLLM loads; `files:` of an entry
overrides the choice.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeGuard

_PART = r"(-\d{5}-of-\d{5})"
_MODULE = re.compile(r"(\d+_[A-Za-z]+/)?[^/]+")
"""Files at the top, and in the folders of a sentence-transformers model, such as `1_Pooling`."""
_TEMPLATE = re.compile(r"additional_chat_templates/[^/]+\.jinja")
_MAIN = re.compile(rf"model{_PART}?\.safetensors")
_REPEATED = re.compile(rf"consolidated.*|model{_PART}?\.\w+{_PART}?\.safetensors|model\.\w+{_PART}?\.safetensors")
_LEFT_BY_TRAINING = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state|random_states).*")
_SUPPORT = (".json", ".txt", ".model", ".jinja", ".py", ".tiktoken", ".bpe", ".vocab", ".yaml")
_CONFIGS = frozenset({"config.json", "params.json", "adapter_config.json"})
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 3


class BadListing(ValueError):
    """An answer that is no list of the files of a repository."""


class NotServable(ValueError):
    """A repository without what a server needs; the message goes on after its name, and says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file of a repository at one commit; `blob` is its hash, which is also the name of its blob in the cache.

    The hash is the sha256 of the content for a large file (LFS), and git's own sha1 of it for a small one.
    """

    path: str
    size: int
    blob: str

    @property
    def large(self) -> bool:
        """Tell whether the Hub stores it outside of git."""
        return len(self.blob) == 64


def read_siblings(siblings: object) -> tuple[RemoteFile, ...]:
    """Read the `siblings` of a model's page with `blobs=true`. Raises BadListing.

    The answer names files that will be written, so a path that leads out of its folder makes it worthless.
    """
    if not isinstance(siblings, list) or not siblings:
        raise BadListing("it lists no files")
    return tuple(_sibling(entry) for entry in siblings)


def _sibling(entry: Any) -> RemoteFile:
    if not isinstance(entry, dict):
        raise BadListing("an entry of its files is no object")
    path, large = entry.get("rfilename"), entry.get("lfs")
    if not is_safe(path):
        raise BadListing(f"it has a file with the impossible name {path!r}")
    size, blob = entry.get("size"), entry.get("blobId")
    pattern = _SHA1
    if isinstance(large, dict):
        size, blob, pattern = large.get("size", size), large.get("sha256"), _SHA256
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise BadListing(f"its file {path} has no size")
    if not isinstance(blob, str) or not pattern.fullmatch(blob):
        raise BadListing(f"its file {path} has no hash")
    return RemoteFile(path=path, size=size, blob=blob)


def is_safe(path: object) -> TypeGuard[str]:
    """Tell whether a name from outside stays inside the folder that it is relative to."""
    if not isinstance(path, str) or "\\" in path or "\0" in path:
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def choose(repository: str, files: Collection[RemoteFile], patterns: Sequence[str] = ()) -> tuple[RemoteFile, ...]:
    """Return the files that are needed to serve, sorted by path; `patterns` (globs) replace the choice.

    Raises NotServable.
    """
    listed = sorted(files, key=lambda file: file.path)
    if patterns:
        chosen = [file for file in listed if any(matches(file.path, pattern) for pattern in patterns)]
        if not chosen:
            raise NotServable(_no_match(listed, patterns))
        return tuple(chosen)
    paths = {file.path for file in listed if _MODULE.fullmatch(file.path) or _TEMPLATE.fullmatch(file.path)}
    weights = {path for folder in _folders(paths) for path in _weights(folder, paths)}
    if not any("/" not in path for path in weights):
        raise NotServable(_no_weights(repository, {file.path for file in listed}))
    wanted = weights | {path for path in paths if _supports(path, weights)}
    if wanted.isdisjoint(_CONFIGS):
        raise NotServable("has weights and no config.json; choose a repository that vLLM can serve")
    return tuple(file for file in listed if file.path in wanted)


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path matches a glob; a `*` also stands for slashes, and a folder for all that is in it."""
    return fnmatchcase(path, f"{pattern}*" if pattern.endswith("/") else pattern)


def size_of(files: Iterable[RemoteFile]) -> int:
    """Return the bytes that files need on the disk; those of the same content need them once."""
    return sum({file.blob: file.size for file in files}.values())


def _folders(paths: Collection[str]) -> set[str]:
    return {path.rpartition("/")[0] for path in paths}


def _weights(folder: str, paths: Collection[str]) -> set[str]:
    """Return the weights in one folder, in one form: safetensors, else `.bin`, else `.pt`."""
    start = f"{folder}/" if folder else ""
    names = {path[len(start) :] for path in paths if path.rpartition("/")[0] == folder}
    useful = {name for name in names if not _LEFT_BY_TRAINING.fullmatch(name)}
    tensors = {name for name in useful if name.endswith(".safetensors")}
    found = (
        _without_repetitions(tensors, indexed="model.safetensors.index.json" in names)
        or {name for name in useful if name.endswith(".bin")}
        or {name for name in useful if name.endswith(".pt")}
    )
    return {start + name for name in found}


def _without_repetitions(names: set[str], *, indexed: bool) -> set[str]:
    main = {name for name in names if _MAIN.fullmatch(name)}
    if not main:
        return names
    kept = {name for name in names if not _REPEATED.fullmatch(name)}
    return kept - {"model.safetensors"} if indexed and len(main) > 1 else kept


def _supports(path: str, weights: Collection[str]) -> bool:
    """Tell whether a file is configuration, tokenizer, template or code; an index only of the chosen weights."""
    if path.endswith(".index.json"):
        stem = path.removesuffix(".index.json")
        root, dot, ending = stem.rpartition(".")
        return any(name.startswith(root) and name.endswith(dot + ending) for name in weights)
    return path.endswith(_SUPPORT)


def _no_match(files: Sequence[RemoteFile], patterns: Sequence[str]) -> str:
    shown = ", ".join(file.path for file in files[:_SHOWN])
    return f"has no file that `files` ({', '.join(patterns)}) matches; it holds {len(files)} files, such as {shown}"


def _no_weights(repository: str, paths: Collection[str]) -> str:
    if any(path.endswith(".gguf") for path in paths):
        return (
            "holds GGUF files and no safetensors; declare it under a runtime of kind ollama, as"
            f" hf.co/{repository}, or choose the repository that it was made of"
        )
    if "model_index.json" in paths:
        return "is a pipeline of several models, which vLLM does not serve; choose a repository of one model"
    return "holds no weights at its top (safetensors, or .bin); choose another one, or name its files under `files:`"
