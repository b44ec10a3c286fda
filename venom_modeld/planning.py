"""A plan without a daemon, and what both begin with: the file as it is, and the drivers of its runtimes.

It stands apart from the daemon so that `plan` loads nothing that it does not need.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib.metadata import version

from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.git.choice import repository_of
from venom_modeld.config.loader import read_file
from venom_modeld.config.settings import Settings
from venom_modeld.core.desired import DesiredState, RuntimeSpec
from venom_modeld.engine.preview import PlanReport, preview
from venom_modeld.runtimes import registry
from venom_modeld.runtimes.base import Environment, Runtime
from venom_modeld.state.store import STATE_FILE, Store


async def plan_once(settings: Settings) -> PlanReport:
    """Return what the daemon would do now. Reads the file, the state and the runtimes; changes nothing.

    Raises SourceError for a file that is not valid, StateUnusable or StateError for a state that cannot be read.
    """
    desired = await read_desired(settings)
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.state_dir / STATE_FILE, read_only=True)
        await stack.enter_async_context(store)
        make = maker(settings, may_act=False)
        runtimes = {spec.name: make(spec) for spec in desired.runtimes}
        for runtime in runtimes.values():
            stack.push_async_callback(runtime.close)
        return await preview(desired, runtimes, store)


async def read_desired(settings: Settings) -> DesiredState:
    """Return what the file asks for now. Raises SourceError for a file that is not valid."""
    repository = repository_of(settings)
    if repository is None:
        source = await asyncio.to_thread(read_file, settings.file)
    else:
        await repository.restore()
        source = repository.read()
    parsed = await asyncio.to_thread(parse_models, source.content, path=str(source.path), kinds=registry.kinds())
    return DesiredState(generation=0, revision=source.revision, runtimes=parsed.runtimes, suspend=parsed.suspend)


def maker(settings: Settings, *, may_act: bool = True) -> Callable[[RuntimeSpec], Runtime]:
    """Return what makes the driver of a runtime under these settings; whoever makes one closes it.

    Without `may_act` the drivers are only looked through, while a daemon may be at work.
    """
    environment = Environment(
        connect_timeout=settings.timeouts.connect,
        read_timeout=settings.timeouts.read,
        load_timeout=settings.timeouts.load,
        registry_url=settings.registry_url,
        user_agent=f"venom-modeld/{version('venom-modeld')}",
        state_dir=settings.state_dir.absolute(),
        may_act=may_act,
    )
    return lambda spec: registry.driver(spec.kind).make(spec, environment)
