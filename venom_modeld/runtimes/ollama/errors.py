"""What Ollama's own error texts mean: a reason, whether another try may help, and what a person can do.

Ollama tells its failures as texts, most of them passed on from a registry, a file system or a runner, often inside an
answer with status 200. The tables here are read from the top: the first text that is found decides.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.core.wording import one_line

MAX_WORDS = 400
"""Characters of somebody else's error text that are passed on."""

MAX_READ = 4000
"""Characters of it that are looked at: patterns take their time over longer ones."""


class Refused(Exception):
    """An answer of Ollama that says no: its status, and its words, which may be empty."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: a text that is looked for without regard to case, and what it means."""

    text: str
    reason: Reason
    passing: bool
    """Whether it may pass by itself."""
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What was tried when it went wrong, for the sentence: `Runtime 'gpu' (http://…)`, `pulling`, `qwen3:0.6b`."""

    runtime: str
    action: str
    model: str

    @property
    def sentence(self) -> str:
        """Return the beginning of the sentence."""
        return f"{self.runtime}: {self.action} {self.model} failed"


def _rule(text: str, reason: Reason, advice: str, *, passing: bool) -> Rule:
    return Rule(text=text, reason=reason, passing=passing, advice=advice)


def _status(codes: str) -> str:
    """Return the pattern of a registry's status as Ollama passes it on: `pull model manifest: 503: {…}`."""
    return rf"(^|: )({codes})(:|$)"


REGISTRY_RULES = (
    _rule(
        r"^(pull model manifest: )?file does not exist$",
        Reason.NOT_FOUND,
        "The registry has no such model or tag; correct the name in the file.",
        passing=False,
    ),
    _rule(
        r"no space left on device|disk quota exceeded",
        Reason.DISK_FULL,
        "Free space on the disk that holds Ollama's models; the download then goes on where it stopped.",
        passing=True,
    ),
    _rule(
        r"permission denied|read-only file system",
        Reason.FAILED,
        "Let the user that Ollama runs as write to its models folder.",
        passing=False,
    ),
    _rule(
        r"digest mismatch",
        Reason.CORRUPT,
        "What arrived is not what the registry announced; it is downloaded again.",
        passing=True,
    ),
    _rule(
        r"does not look like a tls handshake|http response to https client",
        Reason.REGISTRY_INSECURE,
        "This registry speaks plain http; if that is meant, add its host under `insecure:` of the runtime.",
        passing=False,
    ),
    _rule(
        r"x509:|failed to verify certificate|certificate verify failed",
        Reason.REGISTRY_INSECURE,
        "Mend the registry's certificate, or make the host of Ollama trust it.",
        passing=True,
    ),
    _rule(
        _status("412") + "|newer version of ollama",
        Reason.RUNTIME_TOO_OLD,
        "Update Ollama on that host.",
        passing=False,
    ),
    _rule(
        _status("401|403") + "|unauthorized|realm host|access denied",
        Reason.ACCESS_DENIED,
        "The model is private or gated, or does not exist: check the name, and give the key of that Ollama"
        " (id_ed25519.pub) access to it.",
        passing=False,
    ),
    _rule(
        _status("429") + "|too many requests",
        Reason.RATE_LIMITED,
        "The registry asks for fewer requests; it is tried again later.",
        passing=True,
    ),
    _rule(
        r"invalid model name|name .* is invalid",
        Reason.INVALID_NAME,
        "Write [host/][namespace/]model[:tag].",
        passing=False,
    ),
    _rule(
        r"valid quantization|not gguf|sharded gguf",
        Reason.NOT_FOUND,
        "Choose a repository with GGUF files, and a tag that names one of its quantisations.",
        passing=False,
    ),
    _rule(
        r"requires mlx",
        Reason.FAILED,
        "This variant runs on Apple hardware only; choose a GGUF one.",
        passing=False,
    ),
    _rule(
        _status(r"[35]\d\d") + "|no location header|invalid character",
        Reason.REGISTRY_ERROR,
        "The registry is in trouble; it is tried again later.",
        passing=True,
    ),
    _rule(
        r"connection refused|connection reset|no such host|no route to host|network is unreachable|timeout|timed out"
        r"|deadline exceeded|name resolution|server misbehaving|\beof\b|max retries exceeded|broken pipe"
        r"|name or service not known",
        Reason.REGISTRY_UNREACHABLE,
        "Check that the registry can be reached from that host; it is tried again later.",
        passing=True,
    ),
    _rule(
        _status(r"4\d\d"),
        Reason.REGISTRY_ERROR,
        "The registry refuses this model; check its name and tag.",
        passing=False,
    ),
)
"""What can happen between Ollama, or ourselves, and a registry."""

CREATE_RULES = (
    _rule(
        r"template error|invalid template",
        Reason.INVALID_DEFINITION,
        "Correct `template` of this model; it is written in the template language of Go.",
        passing=False,
    ),
    *REGISTRY_RULES,
)
"""What can happen while a model is made of another, which Ollama pulls if it is not there."""

LOAD_RULES = (
    _rule(
        r"unauthorized|cloud",
        Reason.ACCESS_DENIED,
        "This model runs in Ollama's cloud; sign that Ollama in, or declare a local model.",
        passing=False,
    ),
    _rule(
        r"server busy|maximum pending requests|timed out waiting|context canceled",
        Reason.LOAD_FAILED,
        "That Ollama is busy; it is tried again.",
        passing=True,
    ),
    _rule(
        r"system memory|out of memory|outofmemory|insufficient memory|cudamalloc",
        Reason.LOAD_FAILED,
        "Choose a smaller model, a smaller `num_ctx`, or free memory.",
        passing=False,
    ),
    _rule(
        r'option ".*" must be of type',
        Reason.LOAD_FAILED,
        "Correct that parameter of the model.",
        passing=False,
    ),
)
"""What can happen while a model is loaded and asked for a token."""

_UNKNOWN = "See the log of Ollama on that host."


def registry_error(words: str, doing: Doing) -> ModeldError:
    """Return the error for a text from a pull or of a registry; an unknown one may pass by itself."""
    return _explain(words, REGISTRY_RULES, doing, otherwise=_rule("", Reason.FAILED, _UNKNOWN, passing=True))


def create_error(words: str, doing: Doing) -> ModeldError:
    """Return the error for a text inside the stream of a creation."""
    return _explain(words, CREATE_RULES, doing, otherwise=_rule("", Reason.FAILED, _UNKNOWN, passing=True))


def create_refused(refused: Refused, doing: Doing) -> ModeldError:
    """Return the error for a creation that was refused outright: a bad request is a bad definition."""
    otherwise = _rule("", Reason.INVALID_DEFINITION, "Correct the definition of this model in the file.", passing=False)
    return _explain(refused.words, CREATE_RULES, doing, otherwise=_by_status(refused, otherwise))


def load_refused(refused: Refused, doing: Doing) -> ModeldError:
    """Return the error for a model that could not be loaded or asked, with the runtime's own words."""
    failed = _rule("", Reason.LOAD_FAILED, "Choose another model, or change this one.", passing=False)
    if refused.status == 503:
        failed = _rule("", Reason.LOAD_FAILED, "That Ollama is busy; it is tried again.", passing=True)
    if refused.status == 404:
        failed = _rule("", Reason.NOT_FOUND, "It is not installed any more.", passing=True)
    return _explain(refused.words, LOAD_RULES, doing, otherwise=failed)


def request_refused(refused: Refused, doing: Doing) -> ModeldError:
    """Return the error for any other request that was refused."""
    otherwise = _rule("", Reason.FAILED, _UNKNOWN, passing=False)
    return _explain(refused.words, REGISTRY_RULES, doing, otherwise=_by_status(refused, otherwise))


def clean(words: str) -> str:
    """Return somebody's error text on one line, cut to a bearable length, without the signed queries of addresses."""
    line = re.sub(r"(https?://[^\s\"'?]+)\?[^\s\"']*", r"\1?…", one_line(words[:MAX_READ]))
    return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]}…"


_BY_STATUS: Mapping[int, Rule] = {
    403: _rule(
        "",
        Reason.ACCESS_DENIED,
        "Ollama refuses the host name in `url`; write its IP address or localhost there.",
        passing=False,
    ),
    404: _rule("", Reason.NOT_FOUND, "It is not there any more.", passing=True),
}


def _by_status(refused: Refused, otherwise: Rule) -> Rule:
    if refused.status >= 500:
        return _rule("", Reason.FAILED, _UNKNOWN, passing=True)
    return _BY_STATUS.get(refused.status, otherwise)


def _explain(words: str, rules: tuple[Rule, ...], doing: Doing, *, otherwise: Rule) -> ModeldError:
    words = words[:MAX_READ]
    rule = next((rule for rule in rules if re.search(rule.text, words, re.IGNORECASE)), otherwise)
    said = clean(words) or "it gave no reason"
    family = TemporaryError if rule.passing else PermanentError
    return family(f"{doing.sentence}: {said.rstrip('.')}. {rule.advice}", reason=rule.reason)
