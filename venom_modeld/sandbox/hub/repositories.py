"""What the stand-in Hub holds: repositories with their commits, branches, tags and the page that lists show."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from venom_modeld.sandbox.hub.content import Content, Given, OnDisk, Stored, safetensors

Gated = Literal[False, "auto", "manual"]


class UnknownRepositoryError(KeyError):
    """The Hub has no repository of that name."""

    def __str__(self) -> str:
        return f"The Hub of the sandbox has no {self.args[0]}; publish it first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the page of a model says beside its files."""

    downloads: int = 0
    likes: int = 0
    trending_score: float = 0
    pipeline_tag: str | None = "text-generation"
    library_name: str | None = "transformers"
    tags: tuple[str, ...] = ()
    gated: Gated = False
    """Whether an account must be let in by name before it may download."""
    private: bool = False
    created_at: str = "2026-01-01T00:00:00.000Z"
    last_modified: str = "2026-01-02T00:00:00.000Z"
    safetensors: Mapping[str, Any] | None = None
    """Such as `{"parameters": {"BF16": 596049920}, "total": 596049920}`."""
    gguf: Mapping[str, Any] | None = None
    """Such as `{"total": 596049920, "architecture": "qwen3", "context_length": 40960}`."""
    xet: bool = False
    """Whether large files are there by the Hub's own protocol too."""


@dataclass(slots=True, kw_only=True)
class Repository:
    """One repository; a commit is a mapping of paths to files."""

    name: str
    details: Details
    commits: dict[str, dict[str, Stored]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    """The refs that are tags."""

    def resolve(self, revision: str) -> str | None:
        """Return the commit that a branch, a tag, a commit or the beginning of one names."""
        if revision in self.refs:
            return self.refs[revision]
        if len(revision) < 7:
            return None
        return next((commit for commit in self.commits if commit.startswith(revision)), None)

    @property
    def files(self) -> dict[str, Stored]:
        """The files of the main branch."""
        return self.commits[self.refs["main"]] if "main" in self.refs else {}


@dataclass(slots=True)
class Repositories:
    """All repositories by name, and who may read those that are not for everybody.

    `accounts` are the valid tokens and whose they are; `grants` are pairs of an account and a repository.
    """

    named: dict[str, Repository] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    grants: set[tuple[str, str]] = field(default_factory=set)
    commits_made: int = 0

    def publish(
        self,
        name: str,
        files: Mapping[str, bytes | Content] | None = None,
        *,
        branch: str = "main",
        details: Details | None = None,
        **changes: Any,
    ) -> str:
        """Make a commit of these files on a branch, and return it; without files it is a small model.

        `changes` are fields of `Details`, laid over those that the repository has.
        """
        contents = small_model(name) if files is None else files
        known = self.named.get(name)
        before = details or (known.details if known else Details())
        repository = known or Repository(name=name, details=before)
        repository.details = replace(before, **changes)
        stored = {path: Stored(path=path, content=_content(content)) for path, content in sorted(contents.items())}
        self.commits_made += 1
        commit = _commit(name, stored, self.commits_made)
        repository.commits[commit] = stored
        repository.refs[branch] = commit
        self.named[name] = repository
        return commit

    def publish_folder(self, name: str, folder: Path, *, branch: str = "main", **changes: Any) -> str:
        """Make a commit of the files in a folder of this host, and return it. Raises OSError."""
        files = {
            path.relative_to(folder).as_posix(): OnDisk(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }
        return self.publish(name, files, branch=branch, **changes)

    def tag(self, name: str, tag: str, commit: str) -> None:
        """Give a commit a tag. Raises `UnknownRepositoryError`."""
        repository = self._get(name)
        repository.refs[tag] = commit
        repository.tags.add(tag)

    def remove(self, name: str) -> None:
        """Take a repository away. Raises `UnknownRepositoryError`."""
        self._get(name)
        del self.named[name]

    def login(self, token: str, account: str, *repositories: str) -> None:
        """Make a token valid for an account, and let it into repositories."""
        self.accounts[token] = account
        self.grants |= {(account, repository) for repository in repositories}

    def stored_apart(self, sha256: str) -> tuple[str, Stored | None]:
        """Return a large file by its hash, after its name as `OWNER/NAME/PATH`; None where there is none."""
        for repository in self.named.values():
            for files in repository.commits.values():
                for file in files.values():
                    if file.apart and file.etag == sha256:
                        return f"{repository.name}/{file.path}", file
        return "", None

    def _get(self, name: str) -> Repository:
        if name not in self.named:
            raise UnknownRepositoryError(name)
        return self.named[name]


def small_model(name: str, *, weights: int = 64 * 1024, parts: int = 1, seed: str = "") -> dict[str, bytes | Content]:
    """Return the files of a model that is well-formed and means nothing; `weights` is bytes, split into parts."""
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128, "_name_or_path": name}
    files: dict[str, bytes | Content] = {
        "config.json": _json(config),
        "generation_config.json": _json({"eos_token_id": 0}),
        "tokenizer.json": _json({"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}),
        "tokenizer_config.json": _json({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "a"}),
        "README.md": f"---\nlicense: mit\n---\n# {name}\n".encode(),
        ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
    }
    if parts == 1:
        files["model.safetensors"] = safetensors(weights, f"{name} {seed}")
        return files
    names = [f"model-{number:05}-of-{parts:05}.safetensors" for number in range(1, parts + 1)]
    for part in names:
        files[part] = safetensors(weights // parts, f"{name} {seed} {part}")
    weight_map = {f"layer.{number}": part for number, part in enumerate(names)}
    files["model.safetensors.index.json"] = _json({"metadata": {"total_size": weights}, "weight_map": weight_map})
    return files


def page(repository: Repository) -> dict[str, Any]:
    """Return all fields that a list or a page of the Hub can show of a repository."""
    details = {key: value for key, value in asdict(repository.details).items() if key != "xet"}
    stored = repository.files.values()
    return {
        "_id": hashlib.md5(repository.name.encode(), usedforsecurity=False).hexdigest()[:24],
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.name.partition("/")[0],
        "sha": repository.refs.get("main"),
        "disabled": False,
        "lastModified": details.pop("last_modified"),
        "createdAt": details.pop("created_at"),
        "trendingScore": details.pop("trending_score"),
        **{key: list(value) if isinstance(value, tuple) else value for key, value in details.items()},
        "siblings": [{"rfilename": file.path} for file in stored],
        "usedStorage": sum(file.content.size for file in stored),
    }


def _content(content: bytes | Content) -> Content:
    return Given(content) if isinstance(content, bytes) else content


def _commit(name: str, stored: Mapping[str, Stored], number: int) -> str:
    said = f"{number} {name} {[(file.path, file.etag) for file in stored.values()]}"
    return hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
