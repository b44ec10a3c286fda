"""What Ollama's own words mean: a reason, whether it may pass, and what to do."""

import pytest

from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.ollama.errors import (
    MAX_WORDS,
    Doing,
    Refused,
    clean,
    create_error,
    create_refused,
    load_refused,
    registry_error,
    request_refused,
)

DOING = Doing(runtime="Runtime 'gpu' (http://gpu.lan)", action="pulling", model="m:1")
BLOB = "sha256-" + "0" * 64
GET = 'pull model manifest: Get "https://registry.example/v2/library/m/manifests/1"'


def _kind(error: ModeldError) -> tuple[Reason, bool]:
    return error.reason, isinstance(error, TemporaryError)


@pytest.mark.parametrize(
    ("words", "reason", "passing"),
    [
        ("pull model manifest: file does not exist", Reason.NOT_FOUND, False),
        ("file does not exist", Reason.NOT_FOUND, False),
        (f"write /models/blobs/{BLOB}-partial: no space left on device", Reason.DISK_FULL, True),
        (f"write /models/blobs/{BLOB}-partial: disk quota exceeded", Reason.DISK_FULL, True),
        (f"open /models/blobs/{BLOB}: permission denied", Reason.FAILED, False),
        ("mkdir /models/manifests: read-only file system", Reason.FAILED, False),
        ("digest mismatch, file must be downloaded again: want sha256:1, got sha256:2", Reason.CORRUPT, True),
        (f"{GET}: tls: first record does not look like a TLS handshake", Reason.REGISTRY_INSECURE, False),
        (f"{GET}: http: server gave HTTP response to HTTPS client", Reason.REGISTRY_INSECURE, False),
        (f"{GET}: tls: failed to verify certificate: x509: unknown authority", Reason.REGISTRY_INSECURE, True),
        ("pull model manifest: 412: The model needs a newer version of Ollama.", Reason.RUNTIME_TOO_OLD, False),
        ('pull model manifest: 401: {"errors":[]}', Reason.ACCESS_DENIED, False),
        ('pull model manifest: 403: {"errors":[]}', Reason.ACCESS_DENIED, False),
        ("pull model manifest: unauthorized", Reason.ACCESS_DENIED, False),
        ('pull model manifest: realm host "b.example" does not match original host "a"', Reason.ACCESS_DENIED, False),
        ('pull model manifest: 429: {"errors":[]}', Reason.RATE_LIMITED, True),
        ("invalid model name", Reason.INVALID_NAME, False),
        ('name "a b" is invalid', Reason.INVALID_NAME, False),
        ('pull model manifest: 400: {"error":"not a valid quantization scheme"}', Reason.NOT_FOUND, False),
        ("pull model manifest: 400: Repository is not GGUF", Reason.NOT_FOUND, False),
        ("pull model manifest: 400: The tag is a sharded GGUF", Reason.NOT_FOUND, False),
        ("this model requires MLX support", Reason.FAILED, False),
        ('pull model manifest: 500: {"errors":[]}', Reason.REGISTRY_ERROR, True),
        ("pull model manifest: 503: try later", Reason.REGISTRY_ERROR, True),
        ("500: ", Reason.REGISTRY_ERROR, True),
        ("http: no Location header in response", Reason.REGISTRY_ERROR, True),
        ("pull model manifest: invalid character 'o' in literal null", Reason.REGISTRY_ERROR, True),
        (f"{GET}: dial tcp 127.0.0.1:5999: connect: connection refused", Reason.REGISTRY_UNREACHABLE, True),
        (f"{GET}: dial tcp: lookup registry.example: no such host", Reason.REGISTRY_UNREACHABLE, True),
        (f"{GET}: dial tcp 10.0.0.1:443: i/o timeout", Reason.REGISTRY_UNREACHABLE, True),
        (f"{GET}: net/http: TLS handshake timeout", Reason.REGISTRY_UNREACHABLE, True),
        (f"{GET}: EOF", Reason.REGISTRY_UNREACHABLE, True),
        ("max retries exceeded: EOF", Reason.REGISTRY_UNREACHABLE, True),
        ("read tcp 10.0.0.1:443: connection reset by peer", Reason.REGISTRY_UNREACHABLE, True),
        ("pull model manifest: 400: bad request", Reason.REGISTRY_ERROR, False),
        ("pull model manifest: 405: no", Reason.REGISTRY_ERROR, False),
        ("a text that nobody has seen yet", Reason.FAILED, True),
        ("", Reason.FAILED, True),
    ],
)
def test_the_words_of_a_pull_have_a_meaning(words: str, reason: Reason, passing: bool) -> None:
    """Each known text has its reason, and whether another try may help."""
    assert _kind(registry_error(words, DOING)) == (reason, passing)


def test_a_digest_in_a_path_is_no_status() -> None:
    """Numbers inside other words are not taken for a status of the registry."""
    words = "write /models/blobs/sha256-412: 401x: 5000 bytes"
    assert registry_error(words, DOING).reason is Reason.FAILED


@pytest.mark.parametrize(
    ("words", "reason", "passing"),
    [
        ("template error: template: :1: unclosed action", Reason.INVALID_DEFINITION, False),
        ("pull model manifest: file does not exist", Reason.NOT_FOUND, False),
        (f"{GET}: connection refused", Reason.REGISTRY_UNREACHABLE, True),
        ("something else", Reason.FAILED, True),
    ],
)
def test_the_words_of_a_creation_have_a_meaning(words: str, reason: Reason, passing: bool) -> None:
    """A creation fails by its definition, or like the pull of its base."""
    assert _kind(create_error(words, DOING)) == (reason, passing)


@pytest.mark.parametrize(
    ("status", "words", "reason", "passing"),
    [
        (400, "template error: template: :1: unclosed action", Reason.INVALID_DEFINITION, False),
        (400, "neither 'from' or 'files' was specified", Reason.INVALID_DEFINITION, False),
        (400, "invalid model name", Reason.INVALID_NAME, False),
        (403, "", Reason.ACCESS_DENIED, False),
        (502, "bad gateway", Reason.FAILED, True),
    ],
)
def test_a_refused_creation_is_a_bad_definition(status: int, words: str, reason: Reason, passing: bool) -> None:
    """What Ollama refuses at once is in the file, unless the server itself is in trouble."""
    assert _kind(create_refused(Refused(status, words), DOING)) == (reason, passing)


@pytest.mark.parametrize(
    ("status", "words", "reason", "passing"),
    [
        (500, 'option "temperature" must be of type float32', Reason.LOAD_FAILED, False),
        (500, "model requires more system memory (9 GiB) than is available (4 GiB)", Reason.LOAD_FAILED, False),
        (500, "llama runner process has terminated: exit status 2", Reason.LOAD_FAILED, False),
        (500, "timed out waiting for the runner to start", Reason.LOAD_FAILED, True),
        (503, "server busy, please try again. maximum pending requests exceeded", Reason.LOAD_FAILED, True),
        (503, "", Reason.LOAD_FAILED, True),
        (404, "model 'm:1' not found", Reason.NOT_FOUND, True),
        (401, "unauthorized", Reason.ACCESS_DENIED, False),
        (403, "ollama cloud is disabled", Reason.ACCESS_DENIED, False),
    ],
)
def test_a_refused_load_has_a_meaning(status: int, words: str, reason: Reason, passing: bool) -> None:
    """A model that cannot be loaded stalls; a busy server does not."""
    assert _kind(load_refused(Refused(status, words), DOING)) == (reason, passing)


@pytest.mark.parametrize(
    ("status", "words", "reason", "passing"),
    [
        (404, 'model "m" not found', Reason.NOT_FOUND, True),
        (400, 'destination "a b" is invalid', Reason.FAILED, False),
        (403, "", Reason.ACCESS_DENIED, False),
        (500, "something broke", Reason.FAILED, True),
        (500, "no space left on device", Reason.DISK_FULL, True),
    ],
)
def test_any_other_refusal_has_a_meaning(status: int, words: str, reason: Reason, passing: bool) -> None:
    """Refusals without words of their own are read by their status."""
    assert _kind(request_refused(Refused(status, words), DOING)) == (reason, passing)


def test_an_error_is_a_sentence_with_what_to_do() -> None:
    """The message names the runtime, the action and the model, gives the words, and says what to do next."""
    error = registry_error("pull model manifest: file does not exist", DOING)
    assert isinstance(error, PermanentError)
    assert error.message == (
        "Runtime 'gpu' (http://gpu.lan): pulling m:1 failed: pull model manifest: file does not exist. The registry"
        " has no such model or tag; correct the name in the file."
    )
    assert "it gave no reason" in registry_error(" ", DOING).message


def test_words_are_cut_and_lose_their_secrets() -> None:
    """A foreign text is one line of bearable length, and a signed address loses what signs it."""
    words = 'Get "https://cdn.example/blob?__sign=secret&X=1": EOF\n\nand https://b.example/?token=t more'
    assert clean(words) == 'Get "https://cdn.example/blob?…": EOF and https://b.example/?… more'
    assert clean("x" * 10_000) == "x" * MAX_WORDS + "…"
    assert str(Refused(500, "words")) == "500: words"
