"""What the stand-in ollama.com shows: the library's models of the sandbox's registry, with numbers that are made up.

What is published at the registry is on the site at once, so that whatever a list offers can be installed.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from venom_modeld.sandbox.artifacts import ModelSpec, read_manifest
from venom_modeld.sandbox.names import DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, ModelName, parse_name
from venom_modeld.sandbox.shelf import Shelf, place_of

_SIZE = re.compile(r"[0-9.]+[mb]")
_SHOWN_CAPABILITIES = ("vision", "tools", "thinking", "embedding")
_DAY = 86_400
_SPANS = ((365 * _DAY, "year"), (30 * _DAY, "month"), (7 * _DAY, "week"), (_DAY, "day"), (3600, "hour"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fame:
    """What people say of a model, and how often it was pulled."""

    about: str
    pulls: int
    updated: str


_FAMOUS: Mapping[str, _Fame] = {
    "gemma3": _Fame(
        about="Small models of Google that read pictures too, from phones to one GPU.",
        pulls=31_204_551,
        updated="2026-09-30T09:15",
    ),
    "qwen3": _Fame(
        about="A family of many sizes that thinks when it is asked to & calls tools.",
        pulls=18_702_118,
        updated="2026-10-02T16:54",
    ),
    "deepseek-r1": _Fame(about="Thinks aloud before it answers.", pulls=74_900_310, updated="2026-07-11T07:30"),
    "llama3.2": _Fame(
        about="Meta's small models for dialogue, in one and three billion parameters.",
        pulls=43_100_872,
        updated="2025-11-19T21:05",
    ),
    "qwen2.5-coder": _Fame(
        about="Writes and mends code, and fills gaps in it.", pulls=11_405_003, updated="2026-03-22T12:00"
    ),
    "nomic-embed-text": _Fame(
        about="Turns texts into vectors, long ones too.", pulls=52_330_640, updated="2025-02-14T00:06"
    ),
    "smollm2": _Fame(
        about="A model for where there is hardly room for one.", pulls=2_604_477, updated="2025-10-08T10:41"
    ),
    "all-minilm": _Fame(about="The smallest way to vectors.", pulls=3_950_012, updated="2024-05-01T08:20"),
}
"""In the order of trending."""

_PLAIN = _Fame(about="Published at the registry of this sandbox.", pulls=1_204, updated="2026-10-20T10:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One tag of a model."""

    tag: str
    size: int
    digest: str
    spec: ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model as the site shows it."""

    name: str
    about: str
    pulls: int
    updated: datetime
    capabilities: tuple[str, ...]
    versions: tuple[Version, ...]

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/{self.name}" if "/" in self.name else f"/library/{self.name}"

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes in parameters, which are tags of their own."""
        return tuple(version.tag for version in self.versions if _SIZE.fullmatch(version.tag))

    @property
    def moment(self) -> str:
        """When it was last changed, as titles tell it: `Aug 14, 2026 4:54 PM UTC`."""
        at = self.updated
        half = "AM" if at.hour < 12 else "PM"
        return f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}:{at.minute:02} {half} UTC"

    @property
    def ago(self) -> str:
        """How long ago that is, as `3 weeks ago`."""
        return ago(time.time() - self.updated.timestamp())

    def matches(self, query: str) -> bool:
        """Tell whether a search finds it."""
        return query.lower() in f"{self.name} {self.about}".lower()


def ago(seconds: float) -> str:
    """Return a span of time as the site tells it."""
    for length, unit in _SPANS:
        number = int(seconds / length)
        if number:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def cards(shelf: Shelf) -> list[Card]:
    """Return every model of the library, in the order of trending."""
    found: dict[str, list[ModelSpec]] = {}
    for spec in shelf.specs.values():
        name = parse_name(spec.name)
        if name.host == DEFAULT_HOST:
            found.setdefault(_title(name), []).append(spec)
    order = {name: number for number, name in enumerate(_FAMOUS)}
    return [_card(name, found[name], shelf) for name in sorted(found, key=lambda name: (order.get(name, 99), name))]


def _title(name: ModelName) -> str:
    return name.model if name.namespace == DEFAULT_NAMESPACE else name.repository


def _card(name: str, specs: list[ModelSpec], shelf: Shelf) -> Card:
    fame = _FAMOUS.get(name, _PLAIN)
    has = {word for spec in specs for word in spec.capabilities}
    versions = [_version(spec, shelf) for spec in specs]
    return Card(
        name=name,
        about=fame.about,
        pulls=fame.pulls,
        updated=datetime.fromisoformat(fame.updated).replace(tzinfo=UTC),
        capabilities=tuple(word for word in _SHOWN_CAPABILITIES if word in has),
        versions=tuple(sorted(versions, key=lambda version: (version.tag != DEFAULT_TAG, version.size))),
    )


def _version(spec: ModelSpec, shelf: Shelf) -> Version:
    name = parse_name(spec.name)
    manifest = read_manifest(shelf.manifests[place_of(name)])
    return Version(tag=name.tag, size=manifest.size, digest=manifest.digest, spec=spec)
