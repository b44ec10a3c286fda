"""What the files of a repository of the Hub make: which versions there are, and how many bytes each has.

A GGUF repository holds one model many times over, each file (or set of numbered files) a quantisation; projectors,
importance matrices and draft heads stand beside them and are no models.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

DEFAULT_QUANTISATION = "Q4_K_M"
"""The one that the Hub gives an Ollama that names none, where it is there."""

_SHARD = re.compile(r"-(?P<part>[0-9]{5})-of-(?P<parts>[0-9]{5})$")
_QUANTISATION = re.compile(
    r"(?:^|[-._])(?P<name>(?:UD-)?(?:IQ[0-9]_[A-Z0-9_]+|Q[0-9](?:_[A-Z0-9]+)*|TQ[0-9]_[0-9]|MXFP4(?:_MOE)?|NVFP4"
    r"|BF16|FP?16|FP?32))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """One version of the model in a GGUF repository."""

    name: str
    size_bytes: int
    parts: int


def is_model_file(path: str) -> bool:
    """Tell whether a GGUF file is the model, or a part of it."""
    file = PurePosixPath(path)
    name = file.name.lower()
    return name.endswith(".gguf") and not ("mmproj" in name or "imatrix" in name or name.startswith("mtp-"))


def quantisations(files: Mapping[str, int]) -> tuple[Quantisation, ...]:
    """Return the versions in a repository, the smallest first; `files` has the size of each path."""
    sets: dict[tuple[str, str], list[int]] = {}
    for path, size in sorted(files.items()):
        found = _version_of(path)
        if found is not None:
            sets.setdefault(found, []).append(size)
    first: dict[str, list[int]] = {}
    for (name, _), sizes in sets.items():
        first.setdefault(name, sizes)
    versions = [Quantisation(name=name, size_bytes=sum(sizes), parts=len(sizes)) for name, sizes in first.items()]
    return tuple(sorted(versions, key=lambda version: (version.size_bytes, version.name)))


def _version_of(path: str) -> tuple[str, str] | None:
    """Return the quantisation of a file, and what it shares with the other parts of the same set."""
    if not is_model_file(path):
        return None
    whole = _SHARD.sub("", path[: -len(".gguf")])
    found = _QUANTISATION.search(PurePosixPath(whole).name)
    return (found["name"].upper(), whole) if found else None


def default_size(files: Mapping[str, int]) -> int | None:
    """Return the bytes of what an Ollama gets that names no quantisation; None where that is not known."""
    versions = {version.name: version.size_bytes for version in quantisations(files)}
    if len(versions) == 1:
        return next(iter(versions.values()))
    return versions.get(DEFAULT_QUANTISATION)


def safetensors_size(files: Mapping[str, int]) -> int | None:
    """Return the bytes of the weights that vLLM loads: all at the top, once; None where there are none.

    Some repositories hold the same weights a second time, in one file called `consolidated`.
    """
    weights = {path: size for path, size in files.items() if path.endswith(".safetensors") and "/" not in path}
    once = {path: size for path, size in weights.items() if not path.startswith("consolidated")}
    return sum((once or weights).values()) or None


def names_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the quantisations among files whose sizes are not known."""
    return tuple(sorted(version.name for version in quantisations(dict.fromkeys(paths, 0))))
