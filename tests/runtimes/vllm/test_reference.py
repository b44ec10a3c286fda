"""The page about vLLM says what is there, and no more."""

import re
from pathlib import Path

from tests.runtimes.vllm.house import A, B, Host, activate, model, observe
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm import kind
from venom_modeld.runtimes.vllm.kind import Control, ServerKeys, Strategy

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/vllm.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "venom_modeld/runtimes/vllm").rglob("*.py"))


def section(title: str) -> str:
    """Return the text below a heading."""
    return re.split(r"^#+ ", PAGE.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[str]:
    """Return the words in code type that begin the rows of the tables of a section."""
    return re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE)


def words(text: str) -> set[str]:
    """Return all words in code type."""
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_key_of_the_server_has_its_row() -> None:
    """In the order of the schema."""
    assert rows("The keys of `server`") == list(ServerKeys.model_fields)


def test_every_control_and_strategy_is_told() -> None:
    """Under the words that the file takes."""
    assert rows("Who starts the server") == list(Control)
    assert words(section("The keys of `server`")) >= set(Strategy)


def test_every_argument_and_variable_of_the_daemon_is_told() -> None:
    """Whoever writes one of them is refused."""
    told = words(section("What the daemon decides"))
    assert kind._OWN_ARGUMENTS.keys() <= told
    assert kind._OWN_VARIABLES.keys() <= told


def test_every_reason_that_may_be_given_has_its_row() -> None:
    """And no other."""
    used = {name for path in SOURCES for name in re.findall(r"\bReason\.([A-Z_]+)", path.read_text(encoding="utf-8"))}
    assert set(rows("Reasons")) == {str(Reason[name]) for name in used}
    assert rows("Reasons") == sorted(rows("Reasons"))


async def test_every_file_in_the_state_folder_is_told(host: Host) -> None:
    """Whatever the daemon writes there is named, with `RUNTIME` and `TIME` for what differs."""
    runtime = host.runtime(host.spec(model(A), model(B), active=A, strategy="surge"))
    for text in (A, B):
        await activate(runtime, model(text))
    await observe(runtime)
    folder = host.state / "vllm/gpu"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    named = {re.sub(r"^runs/[0-9a-f]+/", "runs/TIME/", file) for file in files}
    assert named <= set(rows("Files"))
    assert set(rows("Files")) - named == {"systemd.json"}
