"""What the catalogues of the providers offer, in the fields that Venom's page reads and more."""

from typing import Literal

from pydantic import Field

from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.names import Provider


class CatalogueEntry(Answer):
    """A model that could be installed."""

    provider: Provider = Field(description="Where its weights come from.")
    model_name: str = Field(description="What to send to have it installed; unique in its list.")
    display_name: str = Field(description="How people call it.")
    size_gb: float | None = Field(description="Its size in decimal GB.")
    size_bytes: int | None = Field(description="Its size in bytes.")
    runtime: str = Field(description="The kind of runtime that can serve it.")
    tags: list[str] = Field(description="What its page says of it in single words.")
    downloads: int | None = Field(description="How often it was downloaded.")
    likes: int | None = Field(description="How many people like it.")
    description: str | None = Field(description="What it is, in a sentence.")
    capabilities: list[str] = Field(description="What it can do; empty where nothing is known.")
    sizes: list[str] = Field(description="The sizes that it comes in, in parameters, such as `8b`.")
    updated_at: Timestamp | None = Field(description="When it was last changed.")
    url: str | None = Field(description="Its page, and where it is gated the page on which access is asked for.")
    gated: bool = Field(description="Whether its owner decides who may have it.")
    installed: bool = Field(description="Whether a runtime has it, or another version of it.")
    declared: bool = Field(description="Whether the file names it, or another version of it.")
    fits: bool | None = Field(description="Whether the disk of a runtime would hold it; null where that is unknown.")


class CatalogueAnswer(Answer):
    """What a catalogue offers, as far as it is known; an outage shows in `stale` and `error`, never as a failure."""

    success: Literal[True] = Field(default=True, description="Always true.")
    provider: Provider = Field(description="Whose catalogue it is.")
    count: int = Field(description="How many are listed.")
    models: list[CatalogueEntry] = Field(description="In the catalogue's own order.")
    stale: bool = Field(description="Whether this is older than it should be.")
    error: str | None = Field(description="Why there is nothing newer, in words, and what to do.")
    fetched_at: Timestamp | None = Field(description="When the catalogue said so; null where it never answered.")
