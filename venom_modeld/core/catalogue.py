"""What the catalogues of the providers offer, as values: what a screen lists, and what is kept of what a source said.

A catalogue is somebody else's server. What it said last is kept with its age, and a failure stands beside it as a
sentence: an outage never looks like an empty catalogue.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from venom_modeld.core.names import Provider

HOW_TO = "docs/how-to/catalogues-offline.md"
"""Where a person reads what to do without the internet."""


class Listing(StrEnum):
    """What may be asked of a catalogue."""

    TRENDING = "trending"
    AVAILABLE = "available"
    SEARCH = "search"
    """Needs a query: words."""
    TAGS = "tags"
    """The versions of one model that can be installed. Needs a query: the model's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing asked of one provider's catalogue."""

    provider: Provider
    listing: Listing
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model that a catalogue offers. What is not known is None or empty, never 0."""

    provider: Provider
    model_name: str
    """What to write in the file to have it; unique in its list."""
    display_name: str
    runtime: str
    """The kind of runtime that can serve it."""
    size_bytes: int | None = None
    tags: tuple[str, ...] = ()
    downloads: int | None = None
    likes: int | None = None
    description: str | None = None
    capabilities: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    """The sizes it comes in, in parameters, as its page writes them: `8b`, `270m`, `8x22b`."""
    updated_at: float | None = None
    """Seconds since the epoch."""
    url: str | None = None
    """Its page; where it is gated, the page on which access is asked for."""
    gated: bool = False
    """Its files are for those whom its owner let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueAnswer:
    """What is known now. It may be old: `fetched_at` tells since when it stands, `error` why there is none newer."""

    entries: tuple[Entry, ...] = ()
    fetched_at: float | None = None
    """Seconds since the epoch; None where nothing was ever read."""
    stale: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What one source said last to one question, and how asking it went since. All times are of the wall clock."""

    source: str
    question: Question
    origin: str = ""
    """Where the source was; what one server said is nothing to another that is asked in its place."""
    entries: tuple[Entry, ...] = ()
    fetched_at: float | None = None
    """When the entries were read, or last confirmed by the source; None before the first time."""
    validator: str | None = None
    """What the source called this version of its answer (an ETag), to ask only for a newer one."""
    attempted_at: float | None = None
    wait: float = 0.0
    """How many seconds after the attempt it is not asked again."""
    failures: int = 0
    """How many attempts in a row have failed."""
    reason: str | None = None
    error: str | None = None
    """Why the last attempt failed; None where it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSize:
    """The size of what a name stood for when it was looked up; None for a name without weights to download."""

    name: str
    digest: str | None
    size_bytes: int | None
    checked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStats:
    """How one source does on one listing."""

    source: str
    provider: Provider
    listing: Listing
    age: float | None
    """Seconds since the entries were read; None where there are none."""
    entries: int
    failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStats:
    """What one host was asked since the daemon started."""

    host: str
    requests: int
    failures: int
    remaining: int | None
    """How many requests the host said it still grants; None where it did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueStats:
    """Numbers for metrics."""

    feeds: tuple[FeedStats, ...] = ()
    hosts: tuple[HostStats, ...] = field(default=())


class Verdict(StrEnum):
    """Whether a runtime can serve a name."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """Whether a runtime can serve a name, and in a sentence why not and what to write instead."""

    verdict: Verdict
    message: str | None = None
    instead: str | None = None
    """What to write instead, as sentences of its own, where anything is known of that."""
