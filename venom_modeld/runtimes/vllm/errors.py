"""Sentences for what goes wrong with a server, and whether another try may help."""

import re
from dataclasses import dataclass

from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.core.wording import one_line

MAX_WORDS = 600
"""Characters of somebody else's error text that are passed on."""

_ADVICE = {
    r"out ?of ?memory|no available memory|not enough memory|free memory on device": (
        "Choose a smaller model, a smaller `max-model-len`, or free memory."
    ),
    r"architectures .* not supported|does not recognize this architecture": (
        "Choose a model that this vLLM knows, or update vLLM."
    ),
    r"unrecognized arguments|expected one argument|invalid choice|invalid \w+ value": (
        "Correct `args` of this model or of the server."
    ),
    r"max_model_len|max_position_embeddings|max seq len": "Correct `max-model-len` in its `args`.",
    r"trust_remote_code": "Add `trust-remote-code: true` to its `args`, if you trust its code.",
    r"cannot be started: no such file": (
        "Install vLLM on this host, or write the path of it as `command` in `server`."
    ),
    r"cannot be started: permission denied": "Let the daemon's user run the `command` in `server`.",
}
"""What a person can do, by what the engine said; the first that is found."""

_OTHERWISE = "Change the model or its `args`, or choose another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What was tried when it went wrong: `Runtime 'gpu' (http://…)`, `serving`, `Qwen/Qwen3-0.6B`."""

    runtime: str
    action: str
    model: str

    @property
    def sentence(self) -> str:
        """Return the beginning of the sentence."""
        return f"{self.runtime}: {self.action} {self.model} failed"


def load_failed(doing: Doing, words: str) -> PermanentError:
    """Return the error for a model that the engine refuses, in the engine's own words."""
    said = clean(words)
    advice = next((advice for text, advice in _ADVICE.items() if re.search(text, said, re.IGNORECASE)), _OTHERWISE)
    return PermanentError(f"{doing.sentence}: {said.rstrip('.')}. {advice}", reason=Reason.LOAD_FAILED)


def not_installed(doing: Doing) -> TemporaryError:
    """Return the error for a model whose weights are not there."""
    return TemporaryError(
        f"{doing.sentence}: it is not installed now. It is tried again once it is.", reason=Reason.NOT_FOUND
    )


def clean(words: str) -> str:
    """Return somebody's error text on one line, cut to a bearable length, without pointers to a log."""
    line = one_line(words[: 10 * MAX_WORDS])
    line = re.sub(r",? please check the stack trace above for the root cause", "", line)
    return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]}…"
