"""What the catalogues offer, as the API tells it, with what the snapshot knows of each model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from venom_modeld.api.models_catalogue import CatalogueAnswer, CatalogueEntry
from venom_modeld.api.values import gigabytes, timestamp
from venom_modeld.core import catalogue, disk
from venom_modeld.core.names import ModelName, Provider
from venom_modeld.state.snapshot import StatusSnapshot


@dataclass(slots=True)
class _Shelf:
    """What the runtimes of one kind have and are to have. Names stand in small letters, with their tags and without."""

    installed: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    free: list[int] = field(default_factory=list)


def catalogue_answer(snapshot: StatusSnapshot, found: catalogue.CatalogueAnswer, provider: Provider) -> CatalogueAnswer:
    """Return an answer of a catalogue."""
    shelves = _shelves(snapshot)
    return CatalogueAnswer(
        provider=provider,
        count=len(found.entries),
        models=[_entry(entry, shelves) for entry in found.entries],
        stale=found.stale or found.fetched_at is None,
        error=found.error,
        fetched_at=timestamp(found.fetched_at),
    )


def _shelves(snapshot: StatusSnapshot) -> Mapping[str, _Shelf]:
    shelves: dict[str, _Shelf] = {}
    for runtime in snapshot.runtimes:
        shelf = shelves.setdefault(runtime.spec.kind, _Shelf())
        shelf.declared |= _spellings(model.name for model in runtime.spec.models)
        if runtime.observed is not None:
            shelf.installed |= _spellings(runtime.observed.installed)
            shelf.free += [runtime.observed.disk.free_bytes] if runtime.observed.disk else []
    return shelves


def _spellings(names: Iterable[ModelName]) -> set[str]:
    """Return names as a catalogue may write them: a card stands for all versions of a model, which its tags tell."""
    whole = {name.text.lower() for name in names}
    return whole | {text.rpartition(":")[0] for text in whole if ":" in text.rpartition("/")[2]}


def _entry(entry: catalogue.Entry, shelves: Mapping[str, _Shelf]) -> CatalogueEntry:
    shelf, name = shelves.get(entry.runtime, _Shelf()), entry.model_name.lower()
    return CatalogueEntry(
        provider=entry.provider,
        model_name=entry.model_name,
        display_name=entry.display_name,
        size_gb=gigabytes(entry.size_bytes),
        size_bytes=entry.size_bytes,
        runtime=entry.runtime,
        tags=list(entry.tags),
        downloads=entry.downloads,
        likes=entry.likes,
        description=entry.description,
        capabilities=list(entry.capabilities),
        sizes=list(entry.sizes),
        updated_at=timestamp(entry.updated_at),
        url=entry.url,
        gated=entry.gated,
        installed=name in shelf.installed,
        declared=name in shelf.declared,
        fits=_fits(entry.size_bytes, shelf.free),
    )


def _fits(size: int | None, free: list[int]) -> bool | None:
    return None if size is None or not free else any(size + disk.MARGIN <= room for room in free)
