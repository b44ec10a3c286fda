"""The pages about the sandbox say what is there."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.artifacts import ModelSpec
from venom_modeld.sandbox.catalogue import CATALOGUE
from venom_modeld.sandbox.control import Control
from venom_modeld.sandbox.faults import Answer, Faults, Network
from venom_modeld.sandbox.hub.faults import HubFaults
from venom_modeld.sandbox.names import parse_name
from venom_modeld.sandbox.site.faults import Design, Lists, SiteFaults

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/sandbox.md").read_text()
HOW_TO = (DOCS / "how-to/try-without-ollama.md").read_text()
DIALS = {"The fault dial": Faults, "The dial of the site": SiteFaults, "The dial of the Hub": HubFaults}
ROUTES = [f"{method} {route.path}" for route in Control(Sandbox()).routes() for method in route.methods - {"HEAD"}]


def section(title: str) -> str:
    """Cut one section out of the reference."""
    return REFERENCE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> set[str]:
    """Collect the names in the first cells of a table."""
    cells = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(("title", "dial"), DIALS.items())
def test_every_position_of_a_dial_is_explained(title: str, dial: type) -> None:
    """The table has a row for each field, and no other."""
    assert rows(title) == {position.name for position in fields(dial)}


@pytest.mark.parametrize("word", [*get_args(Answer), *get_args(Network)])
def test_every_word_that_a_position_takes_is_explained(word: str) -> None:
    """The kinds of answers and of broken networks are named."""
    assert f"`{word}`" in section("The fault dial")


@pytest.mark.parametrize("word", [*get_args(Design), *get_args(Lists)])
def test_every_word_of_the_site_is_explained(word: str) -> None:
    """The designs, and the ways to spoil a list, are named."""
    assert f"`{word}`" in section("The dial of the site")


def test_every_call_of_the_control_port_is_explained() -> None:
    """The table has a row for each call, and no other."""
    assert rows("The control port") == set(ROUTES)


def test_every_setting_is_explained() -> None:
    """Each field of the settings is named, and so is each field of a model."""
    assert {setting.name for setting in fields(SandboxSettings)} <= rows("From Python")
    missing = [field.name for field in fields(ModelSpec) if f"`{field.name}`" not in section("The control port")]
    assert missing == []


def test_the_guide_names_the_models_and_calls_that_exist() -> None:
    """Models, positions and calls of the guide are real, and no model is left out."""
    named = {parse_name(text).short for text in re.findall(r"`((?:hf\.co/)?[\w.-]+(?:/[\w.-]+)?:[\w.-]+)`", HOW_TO)}
    untagged = {f"{text}:latest" for text in re.findall(r"`(nomic-embed-text|all-minilm)`", HOW_TO)}
    latest = {f"{name.rpartition(':')[0]}:latest" for name in named}
    assert {parse_name(spec.name).short for spec in CATALOGUE} == named | untagged | latest
    known = {position.name for dial in DIALS.values() for position in fields(dial)} | {"name"}
    assert set(re.findall(r"-d '\{\"(\w+)\"", HOW_TO)) <= known
    calls = {f"{method} {path}" for method, path in re.findall(r"-X (\w+) localhost:11500(/[\w/-]*)", HOW_TO)}
    assert len(calls) > 3
    assert {re.sub("/(site|hub)$", "/{server}", call) for call in calls} <= set(ROUTES)
