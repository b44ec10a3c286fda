"""Puts together what a server is to be started with: the model's commit, the arguments, the names, the key."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.names import ModelName
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.options import Options
from venom_modeld.runtimes.vllm.server.launch import LORA, Launch
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot
from venom_modeld.runtimes.vllm.wishes import adapters_of, arguments_of


class Key:
    """The key that clients must send, read anew each time from its file; None where the file names none."""

    def __init__(self, path: Path | None, title: str) -> None:
        self._path = path
        self._title = title

    def read(self) -> str | None:
        """Return the key. Raises PermanentError where it cannot be read or is none."""
        if self._path is None:
            return None
        try:
            key = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no plain text"
            raise self._unusable(str(why)) from error
        if not key or not key.isprintable() or " " in key:
            raise self._unusable("it holds no key on one line")
        return key

    def digest(self) -> str | None:
        """Return what tells one key from another without telling the key."""
        key = self.read()
        return None if key is None else hashlib.sha256(f"venom-modeld {key}".encode()).hexdigest()

    def variables(self) -> Mapping[str, str]:
        """Return the variables that give a server its key; its command line would be everybody's to read."""
        key = self.read()
        return {} if key is None else {"VLLM_API_KEY": key}

    def _unusable(self, why: str) -> PermanentError:
        return PermanentError(
            f"{self._title}: the file with the server's key, {self._path}, cannot be used ({why}). Put the key there,"
            " readable for the daemon's user.",
            reason=Reason.ACCESS_DENIED,
        )


def launch_of(
    spec: ModelSpec, snapshot: Snapshot, options: Options, *, alias: ModelName | None, key_digest: str | None
) -> Launch:
    """Return what a server of a model is started with; arguments of the model win over those of the server."""
    arguments = {**options.arguments, **arguments_of(spec)}
    return Launch(
        name=spec.name.text,
        commit=snapshot.commit,
        path=str(snapshot.path),
        alias=None if alias is None else alias.text,
        command=options.command,
        arguments={name: value for name, value in arguments.items() if name != LORA},
        variables=options.variables,
        shutdown_timeout=options.shutdown_timeout,
        key_digest=key_digest,
        lora=arguments.get(LORA) is True or bool(adapters_of(spec)),
    )
