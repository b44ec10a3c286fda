"""Names of models as Ollama reads them: parsed from the right, filled with defaults, compared without case."""

import re
from dataclasses import dataclass

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


class InvalidNameError(ValueError):
    """The text is no name of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """One name with every part filled in, in the case it was written with."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def key(self) -> str:
        """What two spellings of the same name have in common."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}".casefold()

    @property
    def repository(self) -> str:
        """The path of the model within its registry."""
        return f"{self.namespace}/{self.model}"

    @property
    def short(self) -> str:
        """The name as `/api/tags` shows it: without the parts that are the default, always with the tag."""
        name = f"{self.model}:{self.tag}"
        if self.host.casefold() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{name}"
        if self.namespace.casefold() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{name}"
        return name


def parse_name(text: str) -> ModelName:
    """Read a name such as `qwen3:0.6b` or `http://localhost:5000/library/tiny`.

    Raises `InvalidNameError` for a name with an empty part, a sign that is not allowed, a digest or too many parts.
    """
    rest, tag = text, DEFAULT_TAG
    if text.rfind(":") > text.rfind("/"):
        rest, _, tag = text.rpartition(":")
    namespace, host = DEFAULT_NAMESPACE, DEFAULT_HOST
    rest, slash, model = rest.rpartition("/")
    if slash:
        rest, slash, namespace = rest.rpartition("/")
    if slash:
        host = rest.partition("://")[2] if "://" in rest else rest
    name = ModelName(host=host, namespace=namespace, model=model, tag=tag)
    _check(name, text)
    return name


def _check(name: ModelName, text: str) -> None:
    rules = ((_HOST, name.host), (_NAMESPACE, name.namespace), (_PART, name.model), (_PART, name.tag))
    if not all(rule.fullmatch(part) for rule, part in rules):
        raise InvalidNameError(text)
