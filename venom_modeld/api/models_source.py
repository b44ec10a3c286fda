"""The answers about the repository that the file comes from."""

from typing import Literal

from pydantic import Field

from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.reasons import Reason


class SourceInfo(Answer):
    """The git repository that the file comes from."""

    url: str = Field(description="The repository.")
    ref: str = Field(description="The branch, tag or commit that is followed.")
    commit: str | None = Field(description="The newest commit that was fetched; it need not have changed the file.")
    author: str | None = Field(description="Who made it.")
    subject: str | None = Field(description="The first line of its message.")
    fetched_at: Timestamp | None = Field(description="When the repository was last fetched.")
    reason: Reason | None = Field(description="Why the last fetch failed, in one word; null where it did not.")
    error: str | None = Field(description="The same in words, with what to do.")
    failing_since: Timestamp | None = Field(description="Since when fetches fail.")


class FetchAnswer(Answer):
    """The repository is being fetched."""

    success: Literal[True] = Field(default=True, description="Always true.")
    message: str = Field(description="What happens now, in words.")
