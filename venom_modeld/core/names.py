"""Names of models: what a person writes, what identifies a model, and who provides it.

A runtime compares names in its own way (Ollama ignores case and fills in `latest`), so a name carries a `key` for
comparing beside the `text` for showing and sending. Everything that compares names compares keys, whole.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum


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

    def __str__(self) -> str:
        """Return the text that people read and runtimes are sent."""
        return self.text


OLLAMA_REGISTRY = "registry.ollama.ai"
"""The host that Ollama fills in where a name has none."""

HUB_HOSTS = frozenset({"hf.co", "huggingface.co"})
"""The hosts from which Ollama pulls GGUF repositories of Hugging Face."""

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_HUB_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_HUB_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaParts:
    """The four parts of a name as Ollama reads it, defaults filled in, letters as written."""

    host: str
    namespace: str
    model: str
    tag: str


def split_ollama(text: str) -> OllamaParts:
    """Split `[host/][namespace/]model[:tag]` as Ollama does, or raise InvalidName.

    The limits are those of Ollama's own parser: 350 characters for a host, 80 for each other part, and no dot in a
    namespace of its registry.
    """
    if "://" in text:
        raise InvalidName(f"{text!r} has a scheme; write the name without {text.split('://', maxsplit=1)[0]}://")
    if "@" in text:
        raise InvalidName(f"{text!r} holds a digest; write the tag in the name and the digest under `digest:`")
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, "latest"
    parts = path.split("/")
    if len(parts) > 3:
        raise InvalidName(f"{text!r} has too many slashes; write [host/][namespace/]model[:tag]")
    host, namespace, model = ([OLLAMA_REGISTRY, "library"][: 3 - len(parts)] + parts)[:3]
    _check_ollama(text, OllamaParts(host=host, namespace=namespace, model=model, tag=tag))
    return OllamaParts(host=host, namespace=namespace, model=model, tag=tag)


def _check_ollama(text: str, parts: OllamaParts) -> None:
    hub = parts.host.lower() in HUB_HOSTS
    if parts.namespace.lower() in HUB_HOSTS:
        raise InvalidName(f"{text!r} lacks the owner; write {parts.namespace}/OWNER/REPOSITORY[:QUANTISATION]")
    checks = (
        ("host", parts.host, _HOST),
        ("namespace", parts.namespace, _HUB_OWNER if hub else _NAMESPACE),
        ("model", parts.model, _HUB_MODEL if hub else _MODEL),
        ("tag", parts.tag, _TAG),
    )
    for what, part, pattern in checks:
        if not pattern.fullmatch(part):
            raise InvalidName(
                f"{text!r} is no model name: its {what} is {part!r}; write [host/][namespace/]model[:tag] with letters,"
                " digits, '-', '_' and '.'"
            )


def parse_ollama(text: str) -> ModelName:
    """Read a name as Ollama does: case does not count, `latest` and the default registry are filled in.

    The text that results is the shortest form with the tag (`llama3.2:latest`), as `/api/tags` shows it.
    """
    parts = split_ollama(text)
    key = f"{parts.host}/{parts.namespace}/{parts.model}:{parts.tag}".lower()
    shown = f"{parts.model}:{parts.tag}"
    if parts.host.lower() != OLLAMA_REGISTRY:
        shown = f"{parts.host}/{parts.namespace}/{shown}"
    elif parts.namespace.lower() != "library":
        shown = f"{parts.namespace}/{shown}"
    provider = Provider.HUGGINGFACE if parts.host.lower() in HUB_HOSTS else Provider.OLLAMA
    return ModelName(key, shown, provider)
