"""What an operation does to a runtime, and what must be on record before and after it.

Each is written so that a crash at any line is mended by the next cycle: ownership is recorded before the runtime is
asked for anything, forgotten only after the runtime is rid of it, and whatever is found half done is simply done again.
"""

from collections.abc import Awaitable, Callable, Mapping

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.drift import recipe
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState, RemoteModel
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.ledger import Ledger
from venom_modeld.runtimes.base import Report, Runtime


class Effects:
    """The effects of operations on one runtime; `observed` returns the last observation, `explained` words an error."""

    def __init__(
        self,
        runtime: Runtime,
        ledger: Ledger,
        observed: Callable[[], ObservedState],
        explained: Callable[[PermanentError, Operation], Awaitable[PermanentError]],
    ) -> None:
        self._runtime = runtime
        self._ledger = ledger
        self._observed = observed
        self._explained = explained

    async def run(self, operation: Operation, report: Report) -> int | None:
        """Do an operation, and return the bytes that it freed, where the runtime tells that.

        Raises what the runtime raises, and StateError where something cannot be recorded.
        """
        try:
            return await self._do(operation, report)
        except PermanentError as error:
            explained = await self._explained(error, operation)
            if explained is error:
                raise
            raise explained from error

    async def _do(self, operation: Operation, report: Report) -> int | None:
        match operation:
            case InstallModel():
                await self._install(operation.spec, report)
            case UpdateModel():
                await self._update(operation.spec, report)
            case RemoveModel():
                return await self._remove(operation)
            case ActivateModel():
                await self._activate(operation, report)
            case DeactivateModel():
                await self._deactivate(operation.name)
        return None

    async def _install(self, spec: ModelSpec, report: Report) -> None:
        before = self._observed()
        made_of = recipe(spec, before)
        if spec.name not in before.installed:
            await self._ledger.record(Entry(name=spec.name))
        await self._runtime.install(spec, expect=self._remote(spec), report=report)
        if made_of is not None:
            await self._ledger.record(Entry(name=spec.name, recipe=made_of))

    async def _update(self, spec: ModelSpec, report: Report) -> None:
        made_of = recipe(spec, self._observed())
        hold = self._runtime.hold_name(spec.name)
        await self._ledger.record(Entry(name=hold, role=Role.HOLD, holds=spec.name))
        await self._runtime.update(spec, expect=self._remote(spec), hold=hold, report=report)
        if made_of is not None or spec.name in self._ledger.inventory.entries:
            await self._ledger.record(Entry(name=spec.name, recipe=made_of))
        await self._ledger.forget([hold])

    async def _remove(self, operation: RemoveModel) -> int | None:
        freed = await self._runtime.remove(operation.name)
        await self._ledger.forget([operation.name])
        if self._ledger.inventory.last_active == operation.name:
            await self._ledger.set_last_active(None)
        return freed

    async def _activate(self, operation: ActivateModel, report: Report) -> None:
        await self._ledger.pin([operation.model])
        try:
            await self._runtime.activate(operation.spec, alias=operation.alias, pin=True, report=report)
        except PermanentError as error:
            await self._bring_back(operation, error)
            raise
        if operation.primary:
            await self._ledger.set_last_active(operation.model)
        if operation.alias is not None and self._runtime.capabilities.alias_copies:
            await self._point(operation, operation.alias)

    async def _point(self, operation: ActivateModel, alias: ModelName) -> None:
        """Give the model its second name, unless somebody took that name while the model was being loaded."""
        installed = (await self._runtime.observe(())).installed
        there, model = installed.get(alias), installed.get(operation.model)
        if there is not None and model is not None and there.digest == model.digest:
            return
        if there is not None and there.digest != operation.replaces:
            message = (
                f"{operation.runtime}: the alias {alias} was given to another model while {operation.model} was being"
                " loaded; it is left as it is and looked at again"
            )
            raise TemporaryError(message, reason=Reason.ALIAS_TAKEN)
        await self._ledger.record(Entry(name=alias, role=Role.ALIAS))
        await self._runtime.point(alias, operation.model)

    async def _bring_back(self, operation: ActivateModel, error: PermanentError) -> None:
        """Put the version before an update back, where the new one turns out not to work."""
        for hold in self._ledger.inventory.holds_of(operation.model):
            if hold.name not in self._observed().installed:
                continue
            derived = operation.spec.base is not None
            if derived:
                await self._ledger.record(Entry(name=operation.model))
            await self._runtime.restore(hold)
            await self._ledger.forget([hold.name])
            update = UpdateModel(
                runtime=operation.runtime,
                spec=operation.spec,
                from_digest="",
                to_digest=None if derived else operation.digest,
                reason=error.message,
            )
            stalled = Block(kind=BlockKind.STALLED, reason=error.reason, message=error.message, attempts=1)
            await self._ledger.block(update, stalled)

    async def _deactivate(self, name: ModelName) -> None:
        await self._runtime.deactivate(name)
        await self._ledger.pin([], unpin=[name])
        if self._ledger.inventory.last_active == name:
            await self._ledger.set_last_active(None)

    def _remote(self, spec: ModelSpec) -> RemoteModel | None:
        known: Mapping[ModelName, RemoteModel] = self._observed().remote
        return known.get(spec.name)
