"""The answer with all models, written runtime by runtime; what did not change since the last time is not written again.

Ten thousand models take the better part of a fifth of a second to tell and to write, most of which was the same before.
And one call that writes all of them would hold the interpreter, and so the event loop, for as long as it lasts, though
it is made in a thread. Model by model, others have their turn in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic_core import to_json

from venom_modeld.api.models_models import ModelInfo, ModelsAnswer
from venom_modeld.api.values import encoded
from venom_modeld.api.views_common import done
from venom_modeld.api.views_models import around, rows
from venom_modeld.core.names import Provider
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


@dataclass(frozen=True, slots=True)
class _Written:
    """The models of one runtime as the elements of lists, without the brackets; empty where there are none."""

    count: int
    installed: bytes
    providers: dict[Provider, bytes]
    missing: bytes


class WrittenModels:
    """Writes what `views_models.models` returns, to the byte. Not to be used by two threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, _Written]] = {}

    def __call__(self, snapshot: StatusSnapshot) -> bytes:
        """Return the answer."""
        found = {one.spec.name: self._of(snapshot, one) for one in snapshot.runtimes}
        self._known = {name: self._known[name] for name in found}
        written = list(found.values())
        instead = {
            "count": b"%d" % sum(one.count for one in written),
            "models": _listed(one.installed for one in written),
            "providers": _providers(written),
            "missing": _listed(one.missing for one in written),
        }
        rest = around(snapshot, [], [])
        fields = (instead.get(name) or to_json(getattr(rest, name)) for name in ModelsAnswer.model_fields)
        return _keyed(zip(ModelsAnswer.model_fields, fields, strict=True))

    def _of(self, snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> _Written:
        name, follows_from = runtime.spec.name, (done(snapshot, runtime), _lasting(runtime))
        known = self._known.get(name)
        if known is None or known[0] != follows_from:
            known = self._known[name] = (follows_from, _written(snapshot, runtime))
        return known[1]


def _lasting(runtime: RuntimeSnapshot) -> RuntimeSnapshot:
    """Return a runtime without what is another in each cycle and is told of no model."""
    observed = replace(runtime.observed, disk=None) if runtime.observed else None
    return replace(
        runtime,
        observed=observed,
        observed_at=None,
        unknown_since=None,
        conditions=(),
        observed_generation=0,
        converged_revision=None,
        cycle_seconds=None,
        cycles=0,
    )


def _written(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> _Written:
    found = rows(snapshot, runtime)
    texts = [encoded(row) for row in found.installed]
    return _Written(
        count=len(texts),
        installed=b",".join(texts),
        providers={provider: _of_provider(provider, found.installed, texts) for provider in Provider},
        missing=b",".join(map(encoded, found.missing)),
    )


def _of_provider(provider: Provider, models: list[ModelInfo], texts: list[bytes]) -> bytes:
    return b",".join(text for model, text in zip(models, texts, strict=True) if model.provider is provider)


def _providers(written: list[_Written]) -> bytes:
    return _keyed((provider.value, _listed(one.providers[provider] for one in written)) for provider in Provider)


def _listed(parts: Iterable[bytes]) -> bytes:
    return b"[%s]" % b",".join(filter(None, parts))


def _keyed(fields: Iterable[tuple[str, bytes]]) -> bytes:
    return b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), text) for name, text in fields)
