"""Names of models: what a person writes, what identifies a model, and who provides it.

A runtime compares names in its own way (Ollama ignores case and fills in `latest`), so a name carries a `key` for
comparing beside the `text` for showing and sending. Everything that compares names compares keys, whole.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Provider(StrEnum):
    """Where weights come from."""

    OLLAMA = "ollama"
    HUGGINGFACE = "huggingface"


class InvalidName(ValueError):
    """A text that names no model; the message says what to write instead."""


@dataclass(frozen=True, slots=True, order=True)
class ModelName:
    """A model's name: equal when the keys are equal, shown and sent as `text`."""

    key: str
    text: str = field(compare=False)
    provider: Provider = field(compare=False, default=Provider.OLLAMA)

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        """Return the text that people read and runtimes are sent."""
        return self.text


OLLAMA_REGISTRY = "registry.ollama.ai"
"""The host that Ollama fills in where a name has none."""

HUB_HOSTS = frozenset({"hf.co", "huggingface.co"})
"""The hosts from which Ollama pulls GGUF repositories of Hugging Face."""

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_SHOWN_LENGTH = 80

_HUB_URL = r"(?:https?://)?(?:www\.)?(?:hf\.co|huggingface\.co)/(?P<rest>.*)"
_HUB_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
HUB_NAME_LENGTH = 96
"""Characters of the longest name of a repository on the Hub, its owner and the slash included."""


class OllamaParts(NamedTuple):
    """The four parts of a name as Ollama reads it, defaults filled in, letters as written."""

    host: str
    namespace: str
    model: str
    tag: str


def shown(text: str) -> str:
    """Return a text as a message may hold it: quoted, on one line, control characters escaped, cut where it is long."""
    return repr(text) if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]!r}… ({len(text)} characters)"


def split_ollama(text: str) -> OllamaParts:
    """Split `[host/][namespace/]model[:tag]` as Ollama does, or raise InvalidName.

    The limits are those of Ollama's own parser (its `types/model/name.go`), which are the same for every host:
    350 characters for a host, 80 for each other part, and no dot in a namespace.
    """
    scheme, separator, _ = text.partition("://")
    if separator:
        raise InvalidName(f"{shown(text)} has a scheme; write the name without {shown(scheme + separator)}")
    if "@" in text:
        raise InvalidName(f"{shown(text)} holds a digest; write the tag in the name and the digest under `digest:`")
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, "latest"
    parts = path.split("/")
    if len(parts) > 3:
        raise InvalidName(f"{shown(text)} has too many slashes; write [host/][namespace/]model[:tag]")
    host, namespace, model = ([OLLAMA_REGISTRY, "library"][: 3 - len(parts)] + parts)[:3]
    result = OllamaParts(host=host, namespace=namespace, model=model, tag=tag)
    _check_ollama(text, result, written=len(parts))
    return result


def _check_ollama(text: str, parts: OllamaParts, *, written: int) -> None:
    checks = (
        ("host", parts.host, _HOST),
        ("namespace", parts.namespace, _NAMESPACE),
        ("model", parts.model, _MODEL),
        ("tag", parts.tag, _MODEL),
    )
    if written == 2 and re.search(r"[.:]", parts.namespace) and _HOST.fullmatch(parts.namespace):
        raise InvalidName(_half_a_host(text, parts.namespace))
    for what, part, pattern in checks:
        if not pattern.fullmatch(part):
            raise InvalidName(
                f"{shown(text)} is no model name: its {what} {_fault(what, part)}; write [host/][namespace/]model[:tag]"
                " with letters, digits, '-', '_' and '.'"
            )


def _half_a_host(text: str, host: str) -> str:
    rest = "OWNER/REPOSITORY[:QUANTISATION]" if host.lower() in HUB_HOSTS else "NAMESPACE/MODEL[:TAG]"
    return f"{shown(text)} has a host and no namespace; write {host}/{rest}"


def _fault(what: str, part: str) -> str:
    """Say what is wrong with a part that its pattern refuses."""
    limit = 350 if what == "host" else 80
    if not part:
        return "is empty"
    if not re.fullmatch(r"[A-Za-z0-9_.:-]+", part):
        odd = next(letter for letter in part if not re.fullmatch(r"[A-Za-z0-9_.:-]", letter))
        return f"holds {odd!r} ({_code_point(odd)})"
    if len(part) > limit:
        return f"has {len(part)} characters, of which Ollama takes {limit}"
    if part[0] in ".:-":
        return f"begins with {part[0]!r}"
    return f"holds {':' if ':' in part else '.'!r}"


def _code_point(letter: str) -> str:
    import unicodedata  # noqa: PLC0415 - needed for a name that is wrong, and for no other

    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip()


def parse_ollama(text: str) -> ModelName:
    """Read a name as Ollama does: case does not count, `latest` and the default registry are filled in.

    The text that results is the shortest form with the tag (`llama3.2:latest`), as `/api/tags` shows it.
    """
    parts = split_ollama(text)
    key = f"{parts.host}/{parts.namespace}/{parts.model}:{parts.tag}".lower()
    short = f"{parts.model}:{parts.tag}"
    if parts.host.lower() != OLLAMA_REGISTRY:
        short = f"{parts.host}/{parts.namespace}/{short}"
    elif parts.namespace.lower() != "library":
        short = f"{parts.namespace}/{short}"
    provider = Provider.HUGGINGFACE if parts.host.lower() in HUB_HOSTS else Provider.OLLAMA
    return ModelName(key, short, provider)


def parse_huggingface(text: str) -> ModelName:
    """Read the name of a repository of Hugging Face, `OWNER/REPOSITORY`; capitals count, as in its cache.

    The rules are those of huggingface_hub (its `utils/_validators.py`), but the owner must be written: the few
    repositories without one are old names of others.
    """
    address = re.fullmatch(_HUB_URL, text, re.IGNORECASE)
    if address:
        repository = "/".join(address["rest"].split("/")[:2]).partition("@")[0]
        raise InvalidName(f"{shown(text)} is an address; write the repository alone: {shown(repository)}")
    path, at, revision = text.partition("@")
    if at and path.count("/") == 1:
        raise InvalidName(f"{shown(text)} holds a revision; write {shown(path)} and `revision: {revision}`")
    if text.count("/") != 1:
        raise InvalidName(f"{shown(text)} is no repository of Hugging Face; write OWNER/REPOSITORY")
    for what, part in zip(("owner", "repository"), text.split("/"), strict=True):
        if not re.fullmatch(_HUB_PART, part) or "--" in part or ".." in part or part.endswith(".git"):
            raise InvalidName(
                f"{shown(text)} is no repository of Hugging Face: its {what} {_hub_fault(part)}; write"
                " OWNER/REPOSITORY with letters, digits, '-', '_' and '.'"
            )
    if len(text) > HUB_NAME_LENGTH:
        raise InvalidName(f"{shown(text)} is longer than the {HUB_NAME_LENGTH} characters that the Hub takes")
    return ModelName(text, text, Provider.HUGGINGFACE)


def _hub_fault(part: str) -> str:
    """Say what is wrong with a part of a repository's name."""
    if not part:
        return "is empty"
    odd = next((letter for letter in part if not re.fullmatch(r"[A-Za-z0-9_.-]", letter)), None)
    if odd is not None:
        return f"holds {odd!r} ({_code_point(odd)})"
    for ending in (".git", "--", ".."):
        if ending in part:
            return f"holds {ending!r}"
    return f"begins or ends with {(part[0] if part[0] in '.-' else part[-1])!r}"
