"""The alert rules and the dashboard name metrics that exist, with labels that they have."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.api.builder import DOWNLOAD, ended, scene
from venom_modeld.api.metrics import exposition
from venom_modeld.api.tally import Tally
from venom_modeld.core.catalogue import CatalogueStats, FeedStats, HostStats, Listing
from venom_modeld.core.names import Provider

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "config/prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "config/grafana/venom-modeld.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
TARGETS = [target["expr"] for panel in PANELS for target in panel["targets"]]
QUERIES = [one["definition"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
OF_PROMETHEUS = {"instance", "job", "le"}
"""Labels that Prometheus gives to every series, and that of a histogram's buckets."""


def exposed() -> dict[str, set[str]]:
    """Return the labels of every series that the daemon can expose, by its name."""
    feed = FeedStats(source="s", provider=Provider.OLLAMA, listing=Listing.TRENDING, age=1.0, entries=1, failing=False)
    stats = CatalogueStats(feeds=(feed,), hosts=(HostStats(host="h", requests=1, failures=0, remaining=1),))
    tally = Tally()
    record = ended(1, transfer=DOWNLOAD)
    tally.ended[record.runtime, record.type, "completed"] = 1
    tally.finished.add(record)
    text = exposition(scene().snapshot, tally, stats, loop_lag=0.0).decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {sample.name: set(sample.labels) for sample in samples}


EXPOSED = exposed()


def metrics(expression: str) -> set[str]:
    """Return the metrics that an expression names."""
    return set(re.findall(r"\bvenom_modeld_\w+", expression))


def labels(expression: str) -> set[str]:
    """Return the labels that an expression selects or groups by."""
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression)
    grouped = [name for names in re.findall(r"(?:by|on) \(([^)]+)\)", expression) for name in names.split(",")]
    return {name.strip() for name in [*selected, *grouped]}


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *TARGETS, *QUERIES])
def test_every_metric_that_is_named_exists(expression: str) -> None:
    """With every label that is asked for; only whether the daemon answers is a series of Prometheus itself."""
    named = metrics(expression)
    assert named or expression.startswith("up{")
    assert named <= EXPOSED.keys()
    known = set().union(*(EXPOSED[name] for name in named)) | OF_PROMETHEUS
    assert labels(expression) <= known


def test_what_a_person_should_hear_of_has_its_alert() -> None:
    """Each of these has a rule, and no metric that names trouble is without one."""
    named = set().union(*(metrics(rule["expr"]) for rule in RULES))
    assert named >= {
        "venom_modeld_config_valid",
        "venom_modeld_runtime_reachable",
        "venom_modeld_last_success_timestamp_seconds",
        "venom_modeld_stalled_operations",
        "venom_modeld_unsafe_plans",
        "venom_modeld_drift",
        "venom_modeld_catalogue_age_seconds",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """A name of ours, a severity, some patience, a sentence that says what, and one that says what next."""
    assert rule["alert"].startswith("VenomModeld")
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert all(rule["annotations"][name].endswith(".") for name in ("summary", "description"))
    templated = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert templated <= set().union(OF_PROMETHEUS, *(EXPOSED[name] for name in metrics(rule["expr"])))


def test_prometheus_itself_takes_the_rules() -> None:
    """Syntax and templates are judged by its own tool, where it is there."""
    assert promtool("check", "rules", "config/prometheus/alerts.yaml").returncode == 0


def test_the_rules_fire_when_they_should() -> None:
    """Each on a made-up series, and none on a healthy one."""
    ended = promtool("test", "rules", "tests/config_files/alerts_test.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' tool; skip the test where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not here; Debian's package prometheus has it")
    return subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_how_to_lists_every_alert() -> None:
    """With its severity."""
    text = (ROOT / "docs/how-to/monitor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(VenomModeld\w+)` \| .+ \| (\w+) \|$", text, re.MULTILINE)
    assert rows == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]


def test_the_made_up_series_are_those_of_the_daemon() -> None:
    """A rule that is tested on a metric that does not exist is not tested."""
    text = (ROOT / "tests/config_files/alerts_test.yaml").read_text(encoding="utf-8")
    assert metrics(text) <= EXPOSED.keys()
    assert {rule["alert"] for rule in RULES} == set(re.findall(r"VenomModeld\w+", text))


def test_every_panel_can_be_told_from_the_others() -> None:
    """Each has its number, a title, a description and a place of its own."""
    assert [panel["id"] for panel in PANELS] == list(range(1, len(PANELS) + 1))
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert all(panel["description"] for panel in PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


def test_the_dashboard_belongs_to_no_data_source() -> None:
    """Whoever imports it chooses one, hosts and runtimes."""
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource", "instance", "runtime"]
    assert set(re.findall(r'"uid": "([^"]+)"', json.dumps(DASHBOARD))) == {"${datasource}", "venom-modeld"}
    variables = {name for expression in TARGETS for name in re.findall(r"\$(\w+)", expression)}
    assert variables == {"instance", "runtime"}
