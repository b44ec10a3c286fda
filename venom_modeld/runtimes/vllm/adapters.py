"""LoRA adapters: which of them a model is to be served with, and how a running server is brought there.

They are loaded and unloaded while the server runs, and gone when it ends; so they are compared in every observation and
loaded again by the next activation. One whose weights are not there yet is left out until they are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.client import Client, Refused, Served
from venom_modeld.runtimes.vllm.errors import Doing, load_failed
from venom_modeld.runtimes.vllm.shelf import Shelf
from venom_modeld.runtimes.vllm.wishes import adapters_of

Adapters = Mapping[str, str]
"""The folders of adapters by the names under which clients ask for them."""


async def wanted(spec: ModelSpec, shelf: Shelf) -> Adapters:
    """Return the adapters that a model is to be served with, as far as they are there."""
    specs = {one.name.text: one for one in spec.adapters}
    result = {}
    for adapter in adapters_of(spec):
        if "path" in adapter:
            result[adapter["name"]] = adapter["path"]
        elif adapter["repo"] in specs:
            found = await shelf.find(specs[adapter["repo"]])
            if found is not None:
                result[adapter["name"]] = str(found.snapshot.path)
    return result


def loaded(served: Sequence[Served]) -> Adapters:
    """Return the adapters that a server has."""
    return {one.id: one.root for one in served if one.parent is not None}


async def bring(client: Client, there: Adapters, target: Adapters, doing: Doing) -> None:
    """Load and unload what is needed, proving each new adapter by one token.

    Raises PermanentError with vLLM's own words where one is refused; what was loaded before stays.
    """
    for name, path in target.items():
        if there.get(name) != path:
            await _load(client, name, path, doing)
    for name in there.keys() - target.keys():
        await _unload(client, name, doing)


async def _load(client: Client, name: str, path: str, doing: Doing) -> None:
    if not Path(path).is_dir():  # noqa: ASYNC240 - one look at a local folder
        raise PermanentError(
            f"{doing.sentence}: the adapter {name} has no folder {path}. Put it there, or correct `path`.",
            reason=Reason.NOT_FOUND,
        )
    try:
        await client.load_adapter(name, path)
        proven = await client.complete(name)
    except Refused as refused:
        raise load_failed(doing, f"the adapter {name}: {refused.words or refused.status}") from refused
    if not proven:
        raise PermanentError(
            f"{doing.sentence}: with the adapter {name} it generated nothing. Take that out of `adapters`.",
            reason=Reason.NOTHING_GENERATED,
        )


async def _unload(client: Client, name: str, doing: Doing) -> None:
    try:
        await client.unload_adapter(name)
    except Refused as refused:
        raise load_failed(doing, f"unloading the adapter {name}: {refused.words or refused.status}") from refused
