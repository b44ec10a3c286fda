"""`plan` and `apply` on a runtime, over real HTTP."""

import asyncio
from dataclasses import replace

import pytest

from tests.api.builder import installed, inventory, observation, runtime, snapshot, spec
from tests.cli.conftest import Host, Invoke, Program
from venom_modeld.cli.applying import outcome
from venom_modeld.cli.exits import ExitCode
from venom_modeld.core.observed import Unknown
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind


async def test_a_plan_changes_nothing_and_says_whether_there_is_something_to_do(program: Program, host: Host) -> None:
    """Only with `--detailed-exitcode` is that an exit code of its own."""
    host.write("all-minilm")
    plain = await program("plan", "--config", host.config)
    detailed = await program("plan", "--config", host.config, "--detailed-exitcode")
    assert (plain.code, detailed.code) == (0, ExitCode.CHANGES)
    assert plain.out == detailed.out
    assert "  1.  install  all-minilm:latest  45.9 MB  declared, not installed" in plain.out.splitlines()
    assert host.sandbox.installed() == {}
    assert not (program.folder / "state").exists()


async def test_what_was_reviewed_is_what_is_applied(program: Program, host: Host) -> None:
    """With the digest of the plan that is exactly that; with another one it is nothing."""
    host.write("all-minilm", more=", active: all-minilm")
    digest = (await program("plan", "--config", host.config, "--format", "json")).json["digest"]
    other = await program("apply", "--config", host.config, "--plan", "sha256:00")
    assert other.code == ExitCode.OUTDATED
    assert host.sandbox.installed() == {}
    applied = await program("apply", "--config", host.config, "--plan", digest)
    assert applied.code == 0
    assert set(host.sandbox.installed()) == {"all-minilm:latest"}
    assert applied.out.splitlines()[-1].startswith("In sync: 1 runtime at revision ")
    assert "OperationCompleted" in applied.out
    empty = await program("plan", "--config", host.config, "--detailed-exitcode")
    assert (empty.code, empty.out.splitlines()[1]) == (0, "  In sync: nothing to do.")


async def test_what_waits_for_a_person_is_left_and_told(program: Program, host: Host) -> None:
    """The exit code tells it from a failure, and JSON lists it."""
    host.write("all-minilm", "smollm2:135m")
    assert (await program("apply", "--config", host.config)).code == 0
    host.write()
    text = await program("apply", "--config", host.config)
    assert text.code == ExitCode.BLOCKED
    assert "one: remove all-minilm:latest, smollm2:135m: unsafe plan: " in text.err
    told = await program("apply", "--config", host.config, "--format", "json")
    digest = (await program("plan", "--config", host.config, "--format", "json")).json["digest"]
    advice = f"`venom-modeld apply --plan {digest}`"
    assert advice in text.err
    assert all(advice in one["message"] for one in told.json["left"])
    assert "approve" not in text.err + told.out + told.err
    assert told.code == ExitCode.BLOCKED
    assert [(one["operation"], one["model"]) for one in told.json["left"]] == [
        ("remove", "all-minilm:latest"),
        ("remove", "smollm2:135m"),
    ]
    assert (told.json["converged"], told.json["exit_code"]) == (False, 5)
    assert len(host.sandbox.installed()) == 2


async def test_an_approved_digest_lets_unsafe_removals_happen(program: Program, host: Host) -> None:
    """Whoever applies a plan by its digest has seen what it removes."""
    host.write("all-minilm", "smollm2:135m")
    await program("apply", "--config", host.config)
    host.write()
    digest = (await program("plan", "--config", host.config, "--format", "json")).json["digest"]
    assert (await program("apply", "--config", host.config, "--plan", digest)).code == 0
    assert host.sandbox.installed() == {}


async def test_applying_on_a_terminal_draws_bars(program: Program, host: Host) -> None:
    """They are drawn in place, and what came of it stands below them."""
    host.sandbox.faults.rate = 2e8
    host.write("all-minilm")
    shown = await program.on_terminal("apply", "--config", host.config, until="nothing that is ever shown")
    assert "downloading" in shown
    assert "━" in shown
    assert "In sync: 1 runtime at revision" in shown


@pytest.mark.parametrize("command", ["plan", "apply"])
async def test_a_runtime_that_does_not_answer_is_an_error(command: str, program: Program, host: Host) -> None:
    """Unknown is not empty: the plan is shown as far as it goes, and the exit code is 1."""
    await host.sandbox.stop_ollama()
    ended = await program(command, "--config", host.config)
    assert ended.code == ExitCode.FAILED
    assert "connection refused" in f"{ended.out}{ended.err}"


@pytest.mark.parametrize("form", ["json", "markdown"])
async def test_a_plan_has_other_forms(form: str, program: Program, host: Host) -> None:
    """JSON for programs, Markdown for a change request."""
    host.write("all-minilm")
    ended = await program("plan", "--config", host.config, "--format", form)
    assert ended.code == 0
    assert ended.out.startswith({"json": "{", "markdown": "## Plan for models.yaml\n"}[form])


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_file_that_is_not_valid_is_told_as_validate_tells_it(command: str, host: Host, invoke: Invoke) -> None:
    """Every problem stands on a line of its own."""
    host.file.write_text("version: 1\nruntimes: {one: {kind: nothing}}\nx: 1\n")
    result = invoke(command, "--config", host.config, "--state-dir", host.file.parent / "other")
    assert result.exit_code == ExitCode.FAILED
    assert len(result.stderr.splitlines()) >= 2
    assert all(line.startswith(f"{host.file}:") for line in result.stderr.splitlines())


async def test_two_do_not_work_on_one_state(program: Program, host: Host) -> None:
    """The second is refused while the first is at work."""
    host.sandbox.faults.rate = 1e6
    host.write("all-minilm")
    async with program.started("apply", "--config", host.config):
        async with asyncio.timeout(20):
            while not host.sandbox.requests.count(path="/api/pull"):  # noqa: ASYNC110 - the truth lies in another program
                await asyncio.sleep(0.01)
        second = await program("apply", "--config", host.config)
    assert second.code == ExitCode.FAILED
    assert "state" in second.err


def block(kind: BlockKind, message: str) -> Block:
    """Return a block."""
    return Block(kind=kind, reason=Reason.FAILED, message=message)


def blocked(**kinds: BlockKind) -> object:
    """Return a snapshot whose installations of `a` and `b` are blocked so."""
    declared, observed = spec("a:1b", "b:1b"), observation()
    steps = runtime(declared, observed).plan.steps  # type: ignore[union-attr]
    blocks = {
        step.key: block(kinds[step.operation.model.text[0]], f"why {step.operation.model.text[0]}")
        for step in steps
        if step.operation.model.text[0] in kinds
    }
    return snapshot(runtime(declared, observed, blocks=blocks))


def test_the_worst_of_what_is_left_is_the_exit_code() -> None:
    """A failure before what waits for a person, that before what was not reviewed."""
    assert outcome(blocked(a=BlockKind.BACKOFF, b=BlockKind.STALLED)).code is ExitCode.FAILED  # type: ignore[arg-type]
    assert outcome(blocked(a=BlockKind.HELD)).code is ExitCode.BLOCKED  # type: ignore[arg-type]
    assert outcome(blocked()).code is ExitCode.OUTDATED  # type: ignore[arg-type]


def test_what_waits_for_a_step_that_could_not_be_done_says_so() -> None:
    """An activation after a failed installation is no failure of its own."""
    declared = spec("a:1b", active="a:1b")
    key = runtime(declared, observation()).plan.steps[0].key  # type: ignore[union-attr]
    now = runtime(declared, observation(), blocks={key: block(BlockKind.STALLED, "no such model")})
    assert outcome(snapshot(now)).message.splitlines() == [
        "Not everything could be done:",
        "  ollama: install a:1b: no such model",
        "  ollama: activate a:1b: waits for a step that could not be done",
    ]


def test_an_unknown_runtime_is_left_as_a_whole() -> None:
    """Its steps are not listed, since they are not known."""
    unknown = Unknown(reason=Reason.UNREACHABLE, message="it does not answer")
    result = outcome(snapshot(runtime(spec("a:1b"), unknown=unknown)))
    assert (result.code, result.message) == (
        ExitCode.FAILED,
        "Not everything could be done:\n  ollama: it does not answer",
    )


def test_nothing_left_is_in_sync() -> None:
    """The revision that is in force is named."""
    now = snapshot(runtime(spec("a:1b"), observation(installed("a:1b")), owned=inventory("a:1b")))
    result = outcome(replace(now, version=9))
    assert (result.code, result.message) == (ExitCode.OK, "In sync: 1 runtime at revision a1a1a1a1a1a1.")
    assert result.as_json()["left"] == []
