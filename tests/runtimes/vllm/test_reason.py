"""The one line that a person needs is found in what a server said before it ended."""

import pytest

from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.errors import Doing, clean, load_failed
from venom_modeld.runtimes.vllm.server.reason import reason_of

TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1, in main\n    run()\n'


def of(process: str, text: str) -> str:
    """Return lines as one of the processes writes its errors."""
    return "".join(f"({process} pid=7) ERROR 11-22 12:09:02 [some.py:3] {line}\n" for line in text.splitlines())


WORKER = of("Worker", f"It failed.\n{TRACE}some.lib.TensorError: header too large")
ENGINE = of("EngineCore", f"Failed.\n{TRACE}Exception: It failed due to an exception. See stack trace for root cause.")
SERVER = f"{TRACE}RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {{}}\n"
PYDANTIC = (
    "pydantic_core.ValidationError: 1 validation error for ModelConfig\n"
    "  Value error, The length is too large. [type=value_error, input_value=1, input_type=X]\n"
    "    For further information visit https://errors.example\n"
)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", None),
        ("(APIServer pid=7) INFO 11-22 12:09:02 [a.py:1] all is well\n", None),
        (WORKER + ENGINE + SERVER, "TensorError: header too large"),
        (ENGINE + SERVER, None),
        (of("EngineCore", f"{TRACE}ValueError: No memory.") + SERVER, "ValueError: No memory."),
        (TRACE + PYDANTIC, "ValueError: The length is too large."),
        (f"{TRACE}OSError: [Errno 98] Address already in use\n", "OSError: [Errno 98] Address already in use"),
        (f"{TRACE}AssertionError\n", "AssertionError"),
        ("usage: vllm [-h]\nvllm: error: unrecognized arguments: --x\n", "unrecognized arguments: --x"),
        ("vllm serve: error: argument --port: invalid int value: 'x'\n", "argument --port: invalid int value: 'x'"),
        ("ERROR: vllm cannot be started: No such file\n", "vllm cannot be started: No such file"),
        (of("APIServer", "Engine core proc died.") + ' - leaked type "x"\n', "Engine core proc died."),
        (WORKER + f"{TRACE}BrokenPipeError: [Errno 32] Broken pipe\n", "TensorError: header too large"),
        (WORKER + of("APIServer", f"{TRACE}asyncio.exceptions.CancelledError"), "TensorError: header too large"),
        (f"{TRACE}KeyError: 'a'\n\nThe above was the cause of another:\n\n{TRACE}ValueError: b\n", "ValueError: b"),
        ("TensorError: in no traceback\n", None),
        (f"{TRACE}torch.OutOfMemoryError: CUDA out of memory.  Tried\n", "OutOfMemoryError: CUDA out of memory. Tried"),
    ],
)  # fmt: skip
def test_the_reason_is_the_last_exception_that_says_something(said: str, reason: str | None) -> None:
    """Exceptions that only point upwards, or notice that another process is gone, are passed over."""
    assert reason_of(said) == reason


def test_a_long_reason_is_cut() -> None:
    """A list of all architectures helps nobody."""
    found = reason_of(f"{TRACE}ValueError: {'x' * 5000}\n")
    assert found is not None
    assert len(found) == 601
    assert len(clean("y" * 5000)) == 601


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("OutOfMemoryError: CUDA out of memory", "Choose a smaller model"),
        ("ValueError: No available memory for the cache blocks", "Choose a smaller model"),
        ("Model architectures ['X'] are not supported for now", "Choose a model that this vLLM knows"),
        ("unrecognized arguments: --x", "Correct `args`"),
        ("max_model_len (9) is greater than the derived", "Correct `max-model-len`"),
        ("vllm cannot be started: No such file or directory", "Install vLLM on this host"),
        ("vllm cannot be started: Permission denied", "Let the daemon's user run the `command`"),
        ("Please pass the argument `trust_remote_code=True`", "Add `trust-remote-code: true`"),
        ("it is a mystery", "Change the model or its `args`"),
    ],
)
def test_a_person_is_told_what_to_do(words: str, advice: str) -> None:
    """By what the engine said."""
    error = load_failed(Doing(runtime="Runtime 'gpu'", action="serving", model="a/b"), words)
    assert error.message.startswith(f"Runtime 'gpu': serving a/b failed: {words}. {advice}")
    assert error.reason is Reason.LOAD_FAILED
