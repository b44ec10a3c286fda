"""The units and the rule of polkit, judged by systemd's own tools where they are there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from venom_modeld.cli.service.files import CONFIG, SHIPPED_PROGRAM, STATE, UNIT, USER, VLLM_UNIT, shipped
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.settings import Settings, load_settings
from venom_modeld.runtimes.registry import kinds
from venom_modeld.runtimes.vllm.server.systemd import ARGUMENTS

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "config/systemd"
MOST_EXPOSURE = {UNIT: 2.0, VLLM_UNIT: 4.0}


def unit(name: str) -> dict[str, list[str]]:
    """Return what a unit says, each word with all its values."""
    lines = [line for line in (SYSTEMD / name).read_text(encoding="utf-8").splitlines() if "=" in line]
    found: dict[str, list[str]] = {}
    for line in lines:
        if not line.startswith("#"):
            word, _, value = line.partition("=")
            found.setdefault(word, []).append(value)
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of systemd's tools; skip the test where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here; Debian's package systemd has it")
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [UNIT, VLLM_UNIT])
def test_a_unit_is_shut_in(name: str) -> None:
    """The daemon's to an exposure of 2.0 at the most; a server that compiles kernels for a card needs more."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(SYSTEMD / name))
    if "Unknown option" in said.stderr or "unrecognized option" in said.stderr:
        pytest.skip("this systemd cannot judge a file; version 250 and later can")
    found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    assert found is not None, said.stderr
    assert float(found[1]) <= MOST_EXPOSURE[name]


def test_systemd_understands_every_word_of_a_unit(tmp_path: Path) -> None:
    """No word is misspelt, and none is of a systemd that hosts do not have yet; those stand in a file of their own."""
    program = shutil.which("true") or "/bin/true"
    for name in (UNIT, VLLM_UNIT):
        text = shipped(f"systemd/{name}").replace(SHIPPED_PROGRAM, program).replace("/opt/vllm/bin/vllm", program)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / f"{UNIT}.d").mkdir()
    for name in ("vllm.conf", "vllm-process.conf"):
        (tmp_path / f"{UNIT}.d" / name).write_text(shipped(f"systemd/{name}"), encoding="utf-8")
    said = run("systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT), str(tmp_path / VLLM_UNIT))
    about_ours = [line for line in said.stderr.splitlines() if "venom" in line or "vllm" in line]
    assert not about_ours


def test_what_only_later_ones_know_stands_apart() -> None:
    """Older ones would complain of it at every start."""
    assert set(unit("backoff.conf")) == {"RestartSec", "RestartSteps", "RestartMaxDelaySec"}
    assert "RestartSteps" not in unit(UNIT)


def test_every_relaxation_is_explained() -> None:
    """Each word that opens something stands behind a comment."""
    text = (SYSTEMD / UNIT).read_text(encoding="utf-8")
    assert re.search(r"^# - The network.*\n(#.*\n)*RestrictAddressFamilies=", text, re.MULTILINE)
    assert re.search(r"^# - The folder of models\.yaml.*\n(#.*\n)*ReadWritePaths=", text, re.MULTILINE)
    vllm = (SYSTEMD / VLLM_UNIT).read_text(encoding="utf-8")
    assert "# What is not shut off, and why" in vllm


def test_the_unit_agrees_with_the_settings() -> None:
    """Folders, user and credentials are those of the program."""
    found = unit(UNIT)
    assert (found["User"], found["StateDirectory"], found["ReadWritePaths"]) == ([USER], [Path(STATE).name], [CONFIG])
    assert (str(Settings().file), str(Settings().state_dir)) == (f"{CONFIG}/models.yaml", STATE)
    credentials = ["api-token", "hf-token", "notify-urls", "git-token", "webhook-secret"]
    assert [one.partition(":")[0] for one in found["LoadCredential"]] == credentials
    assert found["ExecStart"] == [f"{SHIPPED_PROGRAM} run"]


def test_the_unit_of_vllm_agrees_with_its_driver() -> None:
    """The file that the daemon writes is the one that is read, and so is the variable."""
    found = unit(VLLM_UNIT)
    assert found["EnvironmentFile"] == found["ConditionPathExists"] == [f"{STATE}/{VLLM_UNIT}.env"]
    assert found["ExecStart"][0].endswith(f" ${ARGUMENTS}")
    assert found["SupplementaryGroups"] == [USER]


def test_the_rule_names_one_user_one_unit_and_four_verbs() -> None:
    """Nothing else is allowed by it; a real polkit is asked elsewhere."""
    rule = shipped("polkit/50-venom-modeld.rules")
    assert re.findall(r'== "([^"]+)"', rule) == ["org.freedesktop.systemd1.manage-units", USER, VLLM_UNIT]
    assert re.findall(r"\[(.+)\]", rule) == ['"start", "stop", "restart", "reset-failed"']


def test_the_files_for_a_new_host_are_valid() -> None:
    """As they are, and with the lines taken in that they offer."""
    text = shipped("systemd/models.yaml")
    assert parse_models(text.encode(), path="models.yaml", kinds=kinds()).runtimes == ()
    offered = re.sub(r"^#(  .*)$", r"\1", text.replace("runtimes: {}", "runtimes:"), flags=re.MULTILINE)
    [runtime] = parse_models(offered.encode(), path="models.yaml", kinds=kinds()).runtimes
    assert (runtime.name, len(runtime.models)) == ("ollama", 1)


def test_the_settings_for_a_new_host_are_valid(tmp_path: Path) -> None:
    """As they are, and with the lines taken in that they offer."""
    assert load_settings(SYSTEMD / "modeld.yaml", {}, {}) == Settings()
    text = shipped("systemd/modeld.yaml")
    (tmp_path / "modeld.yaml").write_text(re.sub(r"^# (api:|  \w+:)", r"\1", text, flags=re.MULTILINE))
    api = load_settings(tmp_path / "modeld.yaml", {}, {}).api
    assert (api.listen.is_loopback, str(api.token_file)) == (False, f"/run/credentials/{UNIT}/api-token")


def test_the_units_are_read_from_the_checkout_where_there_is_no_wheel() -> None:
    """A wheel holds them inside the package."""
    assert shipped(f"systemd/{UNIT}") == (SYSTEMD / UNIT).read_text(encoding="utf-8")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"config/systemd" = "venom_modeld/host_files/systemd"' in pyproject
    assert '"config/polkit" = "venom_modeld/host_files/polkit"' in pyproject
