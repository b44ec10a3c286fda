"""What is installed, judged from what is in the cache, what was chosen, and what the file asks for.

A repository may be there at several commits. One of them is in use: the pinned one, else the one that was chosen here,
else the one that its revision names. The commit before it, while a newer one is not yet proven, is shown under the name
of a hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.names import ModelName, Provider
from venom_modeld.core.observed import InstalledModel
from venom_modeld.runtimes.vllm.choices import Choice, Choices
from venom_modeld.runtimes.vllm.weights.scanning import Key
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot
from venom_modeld.runtimes.vllm.wishes import MAIN, files_of, revision_of

HOLD = "@earlier"
"""What follows the name of a repository in that of its hold; no repository is called so."""


class Look(Protocol):
    """The part of the weights that looks."""

    async def scan(self) -> Mapping[Key, Snapshot]:
        """Return what is in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The commit of a repository that is in use."""

    snapshot: Snapshot
    differs: str | None = None
    """How it differs from what the file says, where it does."""


def hold_name(name: ModelName) -> ModelName:
    """Return the name under which the earlier commit of a repository is shown."""
    return ModelName(name.key + HOLD, name.text + HOLD, name.provider)


def held_name(hold: ModelName) -> ModelName | None:
    """Return the repository whose earlier commit a name means, or None if it means none."""
    if not hold.text.endswith(HOLD):
        return None
    text = hold.text.removesuffix(HOLD)
    return ModelName(text, text, hold.provider)


class Shelf:
    """The models on the disk of this host. `follow` tells it what the file says."""

    def __init__(self, weights: Look, choices: Choices) -> None:
        self._weights = weights
        self._choices = choices
        self._specs: Mapping[ModelName, ModelSpec] = {}

    def follow(self, specs: Iterable[ModelSpec]) -> None:
        """Take what the file says of models."""
        self._specs = {spec.name: spec for spec in specs}

    async def installed(self) -> Mapping[ModelName, InstalledModel]:
        """Return every complete model. Raises RuntimeUnreachable."""
        result = {}
        for name, snapshots in _by_name(await self._weights.scan()).items():
            found = self._find(name, self._specs.get(name), snapshots)
            if found is not None:
                result[name] = _shown(name, found)
                earlier = self._earlier(name, found.snapshot, snapshots)
                if earlier is not None:
                    result[hold_name(name)] = _shown(hold_name(name), Found(snapshot=earlier))
        return result

    async def find(self, spec: ModelSpec) -> Found | None:
        """Return the commit of a model that is in use, as a spec asks for it. Raises RuntimeUnreachable."""
        snapshots = _by_name(await self._weights.scan()).get(spec.name, {})
        return self._find(spec.name, spec, snapshots)

    async def at(self, name: ModelName, commit: str) -> Snapshot | None:
        """Return what is there of a repository at a commit. Raises RuntimeUnreachable."""
        return (await self._weights.scan()).get((name.text, commit))

    async def ours(self, name: ModelName) -> tuple[str, ...]:
        """Return the commits of a repository that were installed here. Raises RuntimeUnreachable."""
        snapshots = _by_name(await self._weights.scan()).get(name, {})
        return tuple(commit for commit, snapshot in snapshots.items() if snapshot.ours)

    def spec(self, name: ModelName) -> ModelSpec:
        """Return what the file says of a model; of one that it does not name, that it may be anything."""
        return self._specs.get(name) or ModelSpec(name=name)

    def _earlier(self, name: ModelName, used: Snapshot, snapshots: Mapping[str, Snapshot]) -> Snapshot | None:
        choice = self._choices.of(name)
        held = choice.hold if choice else None
        return snapshots.get(held) if held and held != used.commit else None

    def _find(self, name: ModelName, spec: ModelSpec | None, snapshots: Mapping[str, Snapshot]) -> Found | None:
        choice = self._choices.of(name)
        if spec is None:
            return _of_nobody(choice, snapshots)
        patterns = files_of(spec)
        complete = {commit: one for commit, one in snapshots.items() if one.complete_with(patterns)}
        if spec.pin in complete:
            return Found(snapshot=complete[spec.pin])
        if choice is not None:
            chosen = _chosen(choice, spec, complete, snapshots)
            if chosen is not None:
                return chosen
        named = next((one for one in complete.values() if revision_of(spec) in one.refs), None)
        return None if named is None else Found(snapshot=named)


def _chosen(
    choice: Choice, spec: ModelSpec, complete: Mapping[str, Snapshot], snapshots: Mapping[str, Snapshot]
) -> Found | None:
    """Return the commit that was chosen, with how it differs from what the file says now."""
    snapshot, revision = snapshots.get(choice.commit), revision_of(spec)
    if snapshot is None:
        return None
    if snapshot.commit not in complete:
        other_files = files_of(spec) != choice.files and snapshot.complete_with(choice.files)
        return Found(snapshot=snapshot, differs="the file now asks for other files of it") if other_files else None
    if spec.pin is not None or choice.revision == revision or revision in snapshot.refs:
        return Found(snapshot=snapshot)
    return Found(snapshot=snapshot, differs=f"it is of revision {choice.revision}, the file now says {revision}")


def _of_nobody(choice: Choice | None, snapshots: Mapping[str, Snapshot]) -> Found | None:
    """Return the commit to show of a repository that the file does not name."""
    chosen = snapshots.get(choice.commit) if choice else None
    if choice is not None and chosen is not None and chosen.complete_with(choice.files):
        return Found(snapshot=chosen)
    complete = [one for one in snapshots.values() if one.complete]
    best = max(complete, key=lambda one: (MAIN in one.refs, one.modified, one.commit), default=None)
    return None if best is None else Found(snapshot=best)


def _by_name(snapshots: Mapping[Key, Snapshot]) -> Mapping[ModelName, Mapping[str, Snapshot]]:
    named: dict[ModelName, dict[str, Snapshot]] = {}
    for (repository, commit), snapshot in snapshots.items():
        name = ModelName(repository, repository, Provider.HUGGINGFACE)
        named.setdefault(name, {})[commit] = snapshot
    return named


def _shown(name: ModelName, found: Found) -> InstalledModel:
    snapshot = found.snapshot
    return InstalledModel(
        name=name,
        digest=snapshot.commit,
        size_bytes=snapshot.size_bytes,
        modified_at=datetime.fromtimestamp(snapshot.modified, UTC).isoformat(timespec="seconds"),
        differs=found.differs,
    )
