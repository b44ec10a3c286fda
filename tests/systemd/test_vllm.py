"""The daemon, without privileges, driving vllm.service: that unit, and no other."""

import json
from pathlib import Path

import pytest

from tests.systemd.service import MODELS, PROGRAM, PYTHON, UNIT, Service
from tests.systemd.throwaway import eventually

CONFIG = Path(__file__).parents[2] / "config/systemd"
A, B, C = "acme/alpha", "acme/beta", "acme/gamma"
LARGE = f"{{name: {C}, args: {{max-model-len: 9999999}}}}"
HUB = f"""
import asyncio
from venom_modeld.sandbox.hub import Hub, HubSettings

async def main():
    made = Hub(HubSettings(port=5003, catalogue=False))
    for name in ("{A}", "{B}", "{C}"):
        made.publish(name)
    async with made:
        await asyncio.Event().wait()

asyncio.run(main())
"""
STAND_IN = f'#!/bin/sh\nexec {PYTHON} -m venom_modeld.sandbox.vllm "$@"\n'


@pytest.fixture
def driven(service: Service) -> Service:
    """Give a service that drives the unit of vLLM, which starts a stand-in; the weights come from a stand-in too."""
    if not Path("/usr/lib/polkit-1/polkitd").exists():
        pytest.skip("letting a user restart one unit needs Debian's polkitd")
    host = service.host
    host.write("/opt/vllm/bin/vllm", STAND_IN)
    host.run("chmod", "+x", "/opt/vllm/bin/vllm")
    if host.show("hub", "ActiveState") != "active":
        host.run("systemd-run", "--quiet", "--unit=hub", PYTHON, "-c", HUB)
        eventually(lambda: service.ask("http://127.0.0.1:5003/api/models"), "the Hub answers")
    service.command("service", "install", "--vllm", "--yes")
    return service


UNIT_OF_ITS_OWN = "control: systemd, unit: vllm.service"
CHILD = "control: process, command: /opt/vllm/bin/vllm"


def activate(service: Service, active: str, control: str = UNIT_OF_ITS_OWN) -> None:
    """Write that a model is to be the active one."""
    server = f"{{{control}, start_timeout: 20s, shutdown_timeout: 2s}}"
    entry = "kind: vllm, url: 'http://127.0.0.1:8000', endpoint: 'http://127.0.0.1:5003', prune: managed"
    runtime = f"{{{entry}, active: {active}, models: [{A}, {B}, {LARGE}], server: {server}}}"
    service.host.write(MODELS, f"version: 1\nruntimes:\n  gpu: {runtime}\n")


def served(service: Service) -> list[str]:
    """Return what the server says that it serves."""
    said = service.ask("http://127.0.0.1:8000/v1/models").partition(" ")[2]
    return [entry["id"] for entry in json.loads(said)["data"]] if said else []


def test_the_unit_is_switched_from_model_to_model(driven: Service) -> None:
    """By a daemon that is nobody, and the server that it starts is somebody else."""
    activate(driven, A)
    driven.converged()
    assert served(driven) == [A]
    before = driven.host.show("vllm.service", "MainPID")
    activate(driven, B)
    driven.converged()
    assert served(driven) == [B]
    after = driven.host.show("vllm.service", "MainPID")
    users = [driven.host.run("stat", "--format", "%u", f"/proc/{pid}") for pid in (after, driven.property("MainPID"))]
    assert before != after
    assert len({*users, "0"}) == 3


def test_why_a_model_does_not_start_is_read_from_the_journal(driven: Service) -> None:
    """The words are vLLM's own, and what was served before is served again."""
    activate(driven, A)
    driven.converged()
    activate(driven, C)
    assert "max_model_len" in driven.refused()
    eventually(lambda: served(driven) == [A], "the model before serves again")


RULE = {
    ("restart", "vllm.service"): True,
    ("stop", "vllm.service"): True,
    ("start", "vllm.service"): True,
    ("reset-failed", "vllm.service"): True,
    ("kill", "vllm.service"): False,
    ("disable", "vllm.service"): False,
    ("restart", "stand-in.service"): False,
    ("stop", UNIT): False,
    ("start", "rescue.target"): False,
}


def test_the_rule_allows_what_is_needed_and_no_more(driven: Service) -> None:
    """One user, one unit, four verbs."""
    ask = "runuser -u venom-modeld -- systemctl --no-ask-password {} {} 2>&1; true"
    said = {(verb, unit): driven.host.run("sh", "-c", ask.format(verb, unit)) for verb, unit in RULE}
    assert {what: "authentication required" not in words for what, words in said.items()} == RULE


def test_a_server_that_the_daemon_starts_itself_lives_in_its_unit(driven: Service) -> None:
    """With what the file for that opens, and nothing more."""
    driven.restart_with((CONFIG / "vllm-process.conf").read_text(encoding="utf-8").partition("[Service]\n")[2])
    driven.host.run("systemctl", "stop", "vllm.service")
    activate(driven, B, CHILD)
    driven.converged()
    assert served(driven) == [B]
    assert "venom_modeld.sandbox.vllm" in driven.host.run("systemctl", "status", "--full", UNIT)


def test_nothing_of_it_is_left_after_an_uninstallation(driven: Service) -> None:
    """Neither the unit nor the rule nor what was compiled."""
    activate(driven, A)
    driven.converged()
    driven.uninstall()
    places = ["/etc/systemd", "/etc/polkit-1", "/var/lib", "/var/cache", "/run/systemd/system"]
    left = driven.host.run("find", *places, "-name", "*vllm*", "-o", "-name", "*venom*")
    assert not left
    assert driven.host.show("vllm.service", "LoadState") == "not-found"
    assert driven.host.run("ls", PROGRAM) == PROGRAM
