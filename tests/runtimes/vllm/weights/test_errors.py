"""What a child's last line means."""

import errno
from typing import Any

import pytest

from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights.errors import Doing, clean, of_child

DOING = Doing(
    runtime="Runtime 'gpu'", action="installing", repository="org/m", revision="main", endpoint="https://u:p@hub.lan"
)


@pytest.mark.parametrize(
    ("line", "family", "reason", "words"),
    [
        ({"failed": "system", "errno": errno.ENOSPC}, TemporaryError, Reason.DISK_FULL, "Free space on the disk"),
        ({"failed": "system", "errno": errno.EDQUOT}, TemporaryError, Reason.DISK_FULL, "Free space on the disk"),
        ({"failed": "system", "errno": errno.EACCES}, PermanentError, Reason.ACCESS_DENIED, "Let the user"),
        ({"failed": "system", "errno": errno.EROFS}, PermanentError, Reason.ACCESS_DENIED, "Let the user"),
        ({"failed": "system", "errno": errno.EIO}, TemporaryError, Reason.FAILED, "It is tried again"),
        ({"failed": "unreachable"}, TemporaryError, Reason.REGISTRY_UNREACHABLE, "https://hub.lan gives no answer"),
        ({"failed": "nonsense"}, TemporaryError, Reason.REGISTRY_ERROR, "sign-in page"),
        ({"failed": "corrupt"}, TemporaryError, Reason.CORRUPT, "is downloaded again"),
        ({"failed": "busy"}, TemporaryError, Reason.PENDING, "It is tried again"),
    ],
)
def test_each_trouble_has_its_reason(line: dict[str, Any], family: type[Exception], reason: Reason, words: str) -> None:
    """A trouble of the child becomes an error with a reason and advice, and without what an address hides."""
    error = of_child({"words": "", **line}, DOING)
    assert isinstance(error, family)
    assert error.reason is reason
    assert words in error.message
    assert error.message.startswith("Runtime 'gpu': installing org/m (main) failed")
    assert "u:p" not in error.message


def test_a_refusal_keeps_its_wait() -> None:
    """What the Hub told the child about waiting reaches the daemon."""
    line = {"failed": "refused", "words": "slow down", "status": 429, "code": "", "retry_after": 9.0}
    error = of_child(line, DOING)
    assert isinstance(error, TemporaryError)
    assert error.retry_after == 9.0


def test_words_of_others_are_cut_and_cleaned() -> None:
    """Long texts are cut, and the signed queries of addresses are left out."""
    assert clean("see https://cdn.lan/x?Signature=abc now") == "see https://cdn.lan/x?… now"
    assert len(clean("x" * 1000)) == 301
