"""The answers that only Venom's page asks for."""

from venom_modeld.api.models_models import (
    ActiveServerAnswer,
    ModelCatalog,
    OptionModel,
    RuntimeOption,
    RuntimeOptionsAnswer,
    Service,
)
from venom_modeld.api.views_common import answers, by_name
from venom_modeld.api.views_models import active
from venom_modeld.core.observed import InstalledModel
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

_SERVICE = {True: Service.ONLINE, False: Service.OFFLINE, None: Service.UNKNOWN}


def runtime_options(snapshot: StatusSnapshot) -> RuntimeOptionsAnswer:
    """Return which runtimes there are and what each can serve."""
    return RuntimeOptionsAnswer(
        runtimes=[_option(runtime) for runtime in snapshot.runtimes],
        model_catalog=ModelCatalog(trainable_models=[]),
    )


def _option(runtime: RuntimeSnapshot) -> RuntimeOption:
    installed = by_name(runtime.observed.installed) if runtime.observed else []
    return RuntimeOption(
        runtime_id=runtime.spec.name,
        kind=runtime.spec.kind,
        status=_SERVICE[answers(runtime)],
        error=runtime.unknown.message if runtime.unknown else None,
        models=[
            OptionModel(
                name=name.text,
                provider=name.provider,
                chat_compatible=_chats(model),
                active=name == runtime.spec.active,
            )
            for name, model in installed
        ],
    )


def _chats(model: InstalledModel) -> bool:
    return not model.capabilities or "completion" in model.capabilities


def active_server(snapshot: StatusSnapshot) -> ActiveServerAnswer:
    """Return which runtime serves which model."""
    found = active(snapshot)
    return ActiveServerAnswer(
        active_server=found.runtime, active_model=found.model, provider=found.provider, status=found.status
    )
