"""What the registry holds, and the ways to change it: publish a model, move a tag, take one away."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from venom_modeld.sandbox.artifacts import Blob, ModelSpec, bundle
from venom_modeld.sandbox.names import ModelName, parse_name


class UnknownTagError(KeyError):
    """The registry has no model of that name."""

    def __str__(self) -> str:
        return f"The registry of the sandbox has no {self.args[0]}; publish it first."


@dataclass(slots=True)
class Shelf:
    """Manifests by repository and tag, and the blobs that they name. Names differ by case here, as in registries."""

    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    specs: dict[str, ModelSpec] = field(default_factory=dict)
    moves: int = 0

    @classmethod
    def holding(cls, specs: Iterable[ModelSpec]) -> "Shelf":
        """Make a registry that offers some models."""
        shelf = cls()
        for spec in specs:
            shelf.publish(spec)
        return shelf

    def publish(self, spec: ModelSpec) -> str:
        """Put a model under its name, in place of what was there; returns its digest as bare hex."""
        made = bundle(spec)
        self.blobs.update({blob.digest: blob for blob in made.blobs})
        place = place_of(parse_name(spec.name))
        self.manifests[place], self.specs[place] = made.manifest.raw, spec
        return made.manifest.digest

    def move(self, name: str, *, same_weights: bool = False) -> str:
        """Move a tag to a new version of its model; returns the new digest.

        With `same_weights` only the licence differs, so that the digest changes and the weights do not.
        Raises `UnknownTagError`.
        """
        spec = self.specs.get(place_of(parse_name(name)))
        if spec is None:
            raise UnknownTagError(name)
        self.moves += 1
        if same_weights:
            return self.publish(replace(spec, license=f"{spec.license} (version {self.moves})".strip()))
        return self.publish(replace(spec, weights=f"{spec.name} version {self.moves}"))

    def remove(self, name: str) -> None:
        """Take a model away; raises `UnknownTagError`."""
        place = place_of(parse_name(name))
        if place not in self.manifests:
            raise UnknownTagError(name)
        del self.manifests[place], self.specs[place]


def place_of(name: ModelName) -> str:
    """Where a registry keeps a name; the host is the registry itself, and so no part of it."""
    return f"{name.repository}:{name.tag}"
