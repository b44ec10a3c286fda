"""What Ollama answers, read strictly: fields that are needed must be there, in their type; others are not looked at.

A partial answer is no answer. Whoever reads a list with a hole in it as a shorter list removes or installs models.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from venom_modeld.core.names import InvalidName, ModelName, parse_ollama, shown
from venom_modeld.core.observed import InstalledModel

LONGEST_NAME = 600
"""Characters of the longest name of an installed model; Ollama's own parser takes fewer."""

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class Nonsense(ValueError):
    """An answer that is not as Ollama documents it; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One entry of `/api/ps`: a runner, under the first name that loaded it."""

    name: ModelName
    digest: str
    expires_at: datetime
    expires_text: str
    memory_bytes: int | None
    vram_bytes: int | None
    context_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `/api/show` tells of how a model is loaded."""

    modelfile: str
    parameters: str
    modified_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What came of asking for one token. Its text may be empty: half a character, or a special token."""

    tokens: int
    text: str

    @property
    def proven(self) -> bool:
        """Tell whether a token was generated."""
        return self.tokens > 0 or bool(self.text)


class Catalogue:
    """Reads `/api/tags`, and keeps what it made of each entry while the entry stays the same.

    The order of the list changes from call to call, so entries are compared one by one. An unchanged list gives the
    very same mapping as before.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Mapping[str, Any], InstalledModel]] = {}
        self._installed: Mapping[ModelName, InstalledModel] = {}

    def read(self, answer: Mapping[str, Any]) -> Mapping[ModelName, InstalledModel]:
        """Return the installed models by name; raises Nonsense."""
        entries: dict[str, tuple[Mapping[str, Any], InstalledModel]] = {}
        changed = False
        for entry in _objects(answer, "models"):
            name = _name_of(entry)
            known = self._entries.get(name)
            if known is None or known[0] != entry:
                known, changed = (entry, _installed(name, entry)), True
            entries[name] = known
        if changed or len(entries) != len(self._entries):
            self._entries = entries
            self._installed = {model.name: model for _, model in entries.values()}
        return self._installed


def read_running(answer: Mapping[str, Any]) -> tuple[Running, ...]:
    """Return what `/api/ps` lists; raises Nonsense."""
    return tuple(_running(entry) for entry in _objects(answer, "models"))


def read_shown(answer: Mapping[str, Any]) -> Shown:
    """Return what `/api/show` says of a model; raises Nonsense."""
    return Shown(
        modelfile=_text(answer, "modelfile"),
        parameters=_optional_text(answer, "parameters") or "",
        modified_at=_optional_text(answer, "modified_at"),
    )


def read_generated(answer: Mapping[str, Any]) -> Generated:
    """Return what `/api/generate` made."""
    return Generated(tokens=_count(answer, "eval_count") or 0, text=_optional_text(answer, "response") or "")


def read_embedded(answer: Mapping[str, Any]) -> Generated:
    """Return what `/api/embed` made: a vector that is not empty counts as one token."""
    vectors = answer.get("embeddings")
    made = isinstance(vectors, list) and bool(vectors) and isinstance(vectors[0], list) and bool(vectors[0])
    return Generated(tokens=int(made), text="")


def read_digest(text: str) -> str:
    """Return a digest as `sha256:…`, which Ollama writes without its prefix; raises Nonsense."""
    found = _DIGEST.fullmatch(text.lower())
    if found is None:
        raise Nonsense(f"{text[:80]!r} is no digest")
    return f"sha256:{found[1]}"


def read_name(text: str) -> ModelName:
    """Return the name of an installed model; one that Ollama took and we would not is kept as it is."""
    try:
        return parse_ollama(text)
    except InvalidName:
        return ModelName(text.lower(), text)


def error_text(answer: Mapping[str, Any]) -> str:
    """Return the words of an `error`, which stand beside no other field that counts; empty where there is none."""
    found = answer.get("error")
    return found if isinstance(found, str) else str(found or "")


def _installed(name: str, entry: Mapping[str, Any]) -> InstalledModel:
    details = entry.get("details")
    details = details if isinstance(details, dict) else {}
    return InstalledModel(
        name=read_name(name),
        digest=read_digest(_text(entry, "digest")),
        size_bytes=_count(entry, "size"),
        modified_at=_optional_text(entry, "modified_at"),
        capabilities=_words(entry, "capabilities"),
        family=_optional_text(details, "family") or None,
        parameter_size=_optional_text(details, "parameter_size") or None,
        quantization=_optional_text(details, "quantization_level") or None,
    )


def _running(entry: Mapping[str, Any]) -> Running:
    expires = _text(entry, "expires_at")
    try:
        expires_at = datetime.fromisoformat(expires)
    except ValueError as error:
        raise Nonsense(f"`expires_at` is {expires[:80]!r}, which is no time") from error
    if expires_at.tzinfo is None:
        raise Nonsense(f"`expires_at` is {expires[:80]!r}, which lacks its time zone")
    return Running(
        name=read_name(_name_of(entry)),
        digest=read_digest(_text(entry, "digest")),
        expires_at=expires_at,
        expires_text=expires,
        memory_bytes=_count(entry, "size"),
        vram_bytes=_count(entry, "size_vram"),
        context_length=_count(entry, "context_length"),
    )


def _name_of(entry: Mapping[str, Any]) -> str:
    found = entry.get("name") or entry.get("model")
    if not isinstance(found, str):
        raise Nonsense("an entry of the list has no name")
    if not found.isprintable() or len(found) > LONGEST_NAME:
        raise Nonsense(f"an entry of the list is called {shown(found)}")
    return found


def _objects(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = answer.get(key)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Nonsense(f"`{key}` is no list of objects")
    return found


def _text(answer: Mapping[str, Any], key: str) -> str:
    found = answer.get(key)
    if not isinstance(found, str):
        raise Nonsense(f"`{key}` is missing or no text")
    return found


def _optional_text(answer: Mapping[str, Any], key: str) -> str | None:
    found = answer.get(key)
    if found is not None and not isinstance(found, str):
        raise Nonsense(f"`{key}` is no text")
    return found


def _count(answer: Mapping[str, Any], key: str) -> int | None:
    found = answer.get(key)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Nonsense(f"`{key}` is no count")
    return found


def _words(answer: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = answer.get(key)
    if not isinstance(found, list):
        return ()
    return tuple(word for word in found if isinstance(word, str))
