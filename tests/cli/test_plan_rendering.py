"""Plans as text, Markdown and JSON."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.api import builder
from tests.api.builder import NOON, REVISION, digest, installed, inventory, loaded, name, observation, runtime, spec
from venom_modeld.api import views_plan
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.plan_json import plan_json
from venom_modeld.cli.render.plan_markdown import plan_markdown
from venom_modeld.cli.render.plan_text import plan_text
from venom_modeld.core.desired import DesiredState, ModelSpec
from venom_modeld.core.observed import RemoteModel, Unknown
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind
from venom_modeld.engine.preview import PlanReport, RuntimePlan
from venom_modeld.state.snapshot import RuntimeSnapshot


def report(*runtimes: RuntimeSnapshot) -> PlanReport:
    """Return the plans of some runtimes as `plan` gets them."""
    return PlanReport(
        desired=DesiredState(generation=0, revision=REVISION, runtimes=tuple(one.spec for one in runtimes)),
        runtimes=tuple(
            RuntimePlan(spec=one.spec, observed=one.observed, unknown=one.unknown, drift=one.drift, plan=one.plan)
            for one in runtimes
        ),
    )


def in_sync() -> RuntimeSnapshot:
    """Return a runtime without drift."""
    return runtime(spec("llama3.2:3b"), observation(installed("llama3.2:3b")), owned=inventory("llama3.2:3b"))


def silent() -> RuntimeSnapshot:
    """Return a runtime that does not answer."""
    unknown = Unknown(reason=Reason.UNREACHABLE, message="http://10.0.0.7:11434 refuses the connection; start it")
    return runtime(spec("mistral:7b", name="gpu", url="http://10.0.0.7:11434"), unknown=unknown)


def switching() -> RuntimeSnapshot:
    """Return a runtime with something of everything to do."""
    coder = ModelSpec(name=name("coder"), base=name("qwen2.5:7b"), definition='{"system":"You write Python."}')
    declared = spec("qwen2.5:7b", coder, "phi4-mini:latest", "nomic:latest", active="qwen2.5:7b")
    observed = observation(
        installed("llama3.2:3b"),
        installed("mistral:7b", None),
        installed("nomic:latest", 274_000_000),
        in_memory=[loaded("llama3.2:3b")],
        remote={"qwen2.5:7b": RemoteModel(digest=digest("q"), size_bytes=4_700_000_000)},
    )
    owned = inventory("llama3.2:3b", "mistral:7b", pinned=frozenset({name("llama3.2:3b")}))
    return runtime(declared, observed, owned=owned)


def emptied() -> RuntimeSnapshot:
    """Return a runtime whose list was emptied: its plan is unsafe."""
    names = ("a:1b", "b:1b", "c:1b", "d:1b")
    observed = observation(*(installed(text, 1_000_000_000) for text in names))
    return runtime(spec(), observed, owned=inventory(*names))


def failing() -> RuntimeSnapshot:
    """Return a runtime whose steps are held in other ways."""
    declared, observed = spec("a:1b", "b:1b"), observation()
    keys = [step.key for step in runtime(declared, observed).plan.steps]  # type: ignore[union-attr]
    blocks = {
        keys[0]: Block(
            kind=BlockKind.BACKOFF, reason=Reason.CUT, message="the download broke off", until=NOON + 75, attempts=2
        ),
        keys[1]: Block(kind=BlockKind.STALLED, reason=Reason.NOT_FOUND, message="no such model; mend the name"),
    }
    return runtime(declared, observed, blocks=blocks)


def body(rendered: str) -> str:
    """Return what stands before the digests."""
    return rendered.partition("\ndigest ")[0]


PLAN_TEXTS = [
    (
        in_sync,
        """\
ollama  ollama at http://127.0.0.1:11434, prune: managed
  In sync: nothing to do.
""",
    ),
    (
        silent,
        """\
gpu  ollama at http://10.0.0.7:11434, prune: managed
  Unknown: http://10.0.0.7:11434 refuses the connection; start it
  Nothing is planned for it until it answers.

1 runtime Unknown.""",
    ),
    (
        switching,
        """\
ollama  ollama at http://127.0.0.1:11434, prune: managed
  1.  install     qwen2.5:7b        4.7 GB        declared, not installed
  2.  install     phi4-mini:latest  unknown size  declared, not installed
  3.  install     coder:latest      no download   declared, not installed (after 1)
  4.  activate    qwen2.5:7b                      must be loaded, not installed yet (after 1)
  5.  deactivate  llama3.2:3b                     is kept in memory, the file no longer asks for that
  6.  remove      llama3.2:3b       frees 2.0 GB  installed by this daemon, no longer in the file (after 1, 2, 3, 4)
  7.  remove      mistral:7b                      installed by this daemon, no longer in the file (after 1, 2, 3, 4)

3 to install, 1 to activate, 1 to deactivate, 2 to remove; downloads 4.7 GB; frees at most 2.0 GB.""",
    ),
    (
        failing,
        """\
ollama  ollama at http://127.0.0.1:11434, prune: managed
  1.  install  a:1b  unknown size  declared, not installed
      tried again in 1 min: the download broke off
  2.  install  b:1b  unknown size  declared, not installed
      stalled: no such model; mend the name

2 to install. 2 of 2 steps held.""",
    ),
]

SWITCHING = "3 to install, 1 to activate, 1 to deactivate, 2 to remove; downloads 4.7 GB; frees at most 2.0 GB."


@pytest.mark.parametrize(("make", "text"), PLAN_TEXTS, ids=[make.__name__ for make, _ in PLAN_TEXTS])
def test_a_plan_reads_so(make: Callable[[], RuntimeSnapshot], text: str) -> None:
    """Every step stands in order with its model, its bytes, its reason and what it waits for."""
    assert body(plan_text(report(make()), Paint(), now=NOON)) == text


def test_a_file_without_runtimes_is_nothing_to_do() -> None:
    """It is said in place of the runtimes."""
    assert body(plan_text(report(), Paint(), now=NOON)) == "Nothing to do: the file names no runtime."


def aliased(*in_memory: str) -> RuntimeSnapshot:
    """Return a runtime whose active model has a second name."""
    observed = observation(installed("llama3.2:3b"), in_memory=[loaded(one) for one in in_memory])
    declared = replace(spec("llama3.2:3b", active="llama3.2:3b"), alias=name("default"))
    return runtime(declared, observed, owned=inventory("llama3.2:3b"))


ALIASED = [
    (aliased(), "must be loaded, is not in memory in its installed version; alias default:latest"),
    (aliased("llama3.2:3b"), "is loaded, but the alias default:latest does not point to it"),
]


@pytest.mark.parametrize(("found", "reason"), ALIASED, ids=["to load", "to point"])
def test_an_activation_names_the_alias(found: RuntimeSnapshot, reason: str) -> None:
    """Once, in text and in Markdown."""
    text = plan_text(report(found), Paint(), now=NOON)
    assert [line.partition("llama3.2:3b  ")[2].strip() for line in text.splitlines() if " activate " in line] == [
        reason
    ]
    assert f"| {reason} |" in plan_markdown(report(found))


def test_an_unsafe_plan_says_why_and_how_to_approve_it() -> None:
    """The digest to approve, the broken limits and the models stand below the steps."""
    text = plan_text(report(emptied()), Paint(), now=NOON)
    unsafe = emptied().plan.unsafe  # type: ignore[union-attr]
    assert unsafe is not None
    assert text.count("held: unsafe, waits for approval") == 4
    assert f"  Unsafe: {'; '.join(unsafe.reasons)}." in text.splitlines()
    assert "  Not removed until approved: a:1b, b:1b, c:1b, d:1b" in text.splitlines()
    assert f"  Approve exactly this: venom-modeld approve {unsafe.digest}" in text.splitlines()
    assert "4 to remove; frees at most 4.0 GB. 4 of 4 steps held." in text.splitlines()


def test_the_digest_and_the_revision_end_the_text() -> None:
    """They are what `apply --plan` and a person who compares files need."""
    plan = report(in_sync())
    assert plan_text(plan, Paint(), now=NOON).splitlines()[-2:] == [
        f"digest    {plan.digest}",
        f"revision  {REVISION}",
    ]


def test_removals_have_another_colour_than_the_rest() -> None:
    """Where there are colours, what goes stands out."""
    text = plan_text(report(switching()), Paint(colour=True), now=NOON)
    assert "\x1b[31mremove\x1b[0m" in text
    assert "\x1b[32minstall\x1b[0m" in text


def test_markdown_is_one_table_a_runtime() -> None:
    """It ends with the command that applies exactly this plan."""
    plan = report(switching(), silent())
    lines = plan_markdown(plan).splitlines()
    assert lines[:9] == [
        "## Plan for models.yaml",
        "",
        f"{SWITCHING} 1 runtime Unknown.",
        "",
        "### ollama",
        "",
        "| # | Operation | Model | Size | Why | Held |",
        "|--:|---|---|---|---|---|",
        "| 1 | install | `qwen2.5:7b` | 4.7 GB | declared, not installed |  |",
    ]
    assert "> **Unknown**: http://10.0.0.7:11434 refuses the connection; start it" in lines
    assert lines[-1] == f"Apply exactly this: `venom-modeld apply --plan {plan.digest}`"


def test_markdown_of_nothing_offers_nothing_to_apply() -> None:
    """A plan without steps is no command."""
    text = plan_markdown(report(in_sync()))
    assert "In sync: nothing to do." in text.splitlines()
    assert "venom-modeld apply" not in text


def test_markdown_quotes_what_is_unsafe() -> None:
    """The reasons, the models and the approval are quotations below the table."""
    unsafe = emptied().plan.unsafe  # type: ignore[union-attr]
    lines = plan_markdown(report(emptied())).splitlines()
    assert unsafe is not None
    assert f"> `venom-modeld approve {unsafe.digest}`" in lines
    assert "> Not removed until approved: `a:1b`, `b:1b`, `c:1b`, `d:1b`" in lines


def test_a_bar_or_a_line_break_in_a_message_does_not_break_the_table() -> None:
    """What other programs say is put on one line, its bars escaped."""
    message = "no such | model\nat all"
    blocked = runtime(spec("a:1b"), observation())
    key = blocked.plan.steps[0].key  # type: ignore[union-attr]
    block = Block(kind=BlockKind.STALLED, reason=Reason.NOT_FOUND, message=message)
    text = plan_markdown(report(runtime(spec("a:1b"), observation(), blocks={key: block})))
    assert "| stalled: no such \\| model at all |" in text


def test_json_is_what_the_api_answers_and_the_digest() -> None:
    """A script reads both with the same code."""
    plan = report(switching(), silent(), emptied())
    found = plan_json(plan, path="/etc/venom-modeld/models.yaml")
    assert found.pop("digest") == plan.digest
    api = views_plan.plan(builder.snapshot(switching(), silent(), emptied())).model_dump(mode="json")
    for runtime_here, runtime_there in zip(found["runtimes"], api["runtimes"], strict=True):
        for key in ("steps", "drift", "unsafe", "digest", "name", "reachable", "error", "install_bytes"):
            assert runtime_here[key] == runtime_there[key]
    assert found["revision"] == REVISION
    assert found["empty"] is False
