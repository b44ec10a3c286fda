"""What Prometheus reads."""

import asyncio
import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.builder import (
    DOWNLOAD,
    NOON,
    ended,
    event,
    installed,
    inventory,
    observation,
    record,
    runtime,
    scene,
    snapshot,
    spec,
)
from tests.api.conftest import House
from tests.api.fakes import FakeHistory
from venom_modeld.api.metrics import PREFIX, exposition
from venom_modeld.api.tally import Tally
from venom_modeld.core import events
from venom_modeld.core.catalogue import CatalogueStats, FeedStats, HostStats, Listing
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.names import Provider
from venom_modeld.core.observed import Unknown
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot

Samples = dict[tuple[str, tuple[str, ...]], float]
LABELS = ("version", "runtime", "type", "kind", "result", "source", "listing", "host")
GONE = Unknown(reason="Unreachable", message="it does not answer")


def samples(text: str) -> Samples:
    """Return every sample by its name and the values of its labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sample.labels[one] for one in LABELS if one in sample.labels)
            found[sample.name.removeprefix(PREFIX), labels] = sample.value
    return found


def read(shown: StatusSnapshot, ended_operations: dict[tuple[str, OperationType, str], int] | None = None) -> Samples:
    """Return the samples of a snapshot."""
    tally = Tally()
    tally.ended.update(ended_operations or {})
    return samples(exposition(shown, tally, CatalogueStats(), loop_lag=0.25).decode())


def test_the_samples_of_a_healthy_runtime() -> None:
    """Every number comes from the snapshot."""
    found = read(scene().snapshot)
    assert found["generation", ()] == 3
    assert found["config_valid", ()] == 1
    assert found["event_loop_lag_seconds", ()] == 0.25
    assert found["runtime_reachable", ("ollama",)] == 1
    assert found["last_success_timestamp_seconds", ("ollama",)] == NOON - 8
    assert found["cycle_seconds", ("ollama",)] == 0.042
    assert found["observed_generation", ("ollama",)] == 3
    assert found["unsafe_plans", ("ollama",)] == 0
    assert found["in_progress_bytes", ("ollama",)] == DOWNLOAD.completed_bytes
    assert {labels[1]: value for (name, labels), value in found.items() if name == "drift"} == {
        kind: float(kind is DriftKind.MISSING) for kind in DriftKind
    }


def test_the_samples_of_what_is_wrong() -> None:
    """An invalid file, a runtime that does not answer and an unsafe plan each have their number."""
    unsafe = runtime(spec(name="unsafe"), observation(installed("a")), owned=inventory("a"))
    shown = snapshot(runtime(spec(), None, unknown=GONE), unsafe)
    found = read(replace(shown, file=replace(shown.file, problems=("models.yaml:1:1: nonsense",))))
    assert found["config_valid", ()] == 0
    assert found["runtime_reachable", ("ollama",)] == 0
    assert found["last_success_timestamp_seconds", ("ollama",)] == 0
    assert found["unsafe_plans", ("unsafe",)] == 1
    assert found["drift", ("unsafe", "unwanted")] == 1


def test_before_the_first_file_there_are_numbers_too() -> None:
    """A scrape at the very start succeeds."""
    found = read(StatusSnapshot())
    assert (found["generation", ()], found["config_valid", ()]) == (0, 0)


def test_only_what_is_in_progress_counts_as_bytes_in_progress() -> None:
    """An operation without bytes, and one that ended, add nothing."""
    past = ended(1, transfer=DOWNLOAD)
    shown = runtime(spec(), observation(), operations=(record(), past))
    assert read(snapshot(shown))["in_progress_bytes", ("ollama",)] == 0


def test_ended_operations_are_counters() -> None:
    """Each runtime, type and result has its counter."""
    found = read(StatusSnapshot(), {("ollama", OperationType.INSTALL, "failed"): 2})
    assert found["operations_total", ("ollama", "install", "failed")] == 2


def test_what_waits_for_a_change_is_counted() -> None:
    """A failure that is tried again by itself is none of it."""
    plain = runtime(spec("a", "b"), observation())
    assert plain.plan is not None
    kinds = (BlockKind.STALLED, BlockKind.BACKOFF)
    blocks = {
        step.key: Block(kind=kind, reason=Reason.NOT_FOUND, message="no such model", until=9e9)
        for step, kind in zip(plain.plan.steps, kinds, strict=True)
    }
    found = read(snapshot(runtime(spec("a", "b"), observation(), blocks=blocks)))
    assert found["stalled_operations", ("ollama",)] == 1


def test_a_runtime_is_suspended_by_itself_or_with_all() -> None:
    """Whoever looks at drift that stays wants to know."""
    plain = snapshot(runtime(spec("a"), observation()))
    assert plain.desired is not None
    whole = replace(plain, desired=replace(plain.desired, suspend=True))
    alone = snapshot(runtime(spec("a", suspend=True), observation()))
    assert [read(shown)["suspended", ("ollama",)] for shown in (plain, whole, alone)] == [0, 1, 1]


def test_what_operations_took_and_brought_is_counted() -> None:
    """Durations fall into buckets; only a completed download has brought something."""
    tally = Tally()
    for one in (
        ended(1, transfer=DOWNLOAD),
        ended(2, OperationStatus.FAILED, transfer=DOWNLOAD, completed_at=NOON),
        ended(3, type=OperationType.REMOVE),
        ended(4, started_at=None),
    ):
        tally.finished.add(one)
    text = exposition(StatusSnapshot(), tally, CatalogueStats(), loop_lag=0.0).decode()
    found = samples(text)
    assert found["downloaded_bytes_total", ("ollama",)] == DOWNLOAD.completed_bytes
    assert found["operation_duration_seconds_count", ("ollama", "install")] == 2
    assert found["operation_duration_seconds_sum", ("ollama", "install")] == 1000 + 3998
    buckets = re.findall(r'_seconds_bucket{le="(.+?)",runtime="ollama",type="install"} (.+)', text)
    counts = {bound: float(count) for bound, count in buckets}
    assert (counts["900.0"], counts["3600.0"], counts["14400.0"], counts["+Inf"]) == (0, 1, 2, 2)


async def test_the_samples_of_catalogues(house: House) -> None:
    """What was never read has no age, and a host that says nothing of limits has no number of grants."""
    feeds = (
        FeedStats(
            source="website", provider=Provider.OLLAMA, listing=Listing.TRENDING, age=90.0, entries=20, failing=True
        ),
        FeedStats(
            source="hub", provider=Provider.HUGGINGFACE, listing=Listing.AVAILABLE, age=None, entries=0, failing=False
        ),
    )
    hosts = (
        HostStats(host="hub.example", requests=9, failures=2, remaining=491),
        HostStats(host="site.example", requests=3, failures=0, remaining=None),
    )
    house.catalogue.numbers = CatalogueStats(feeds=feeds, hosts=hosts)
    async with house.open() as client:
        found = samples((await client.get("/metrics")).text)
    assert {key: value for key, value in found.items() if key[0].startswith("catalogue")} == {
        ("catalogue_age_seconds", ("website", "trending")): 90,
        ("catalogue_entries", ("website", "trending")): 20,
        ("catalogue_entries", ("hub", "available")): 0,
        ("catalogue_failing", ("website", "trending")): 1,
        ("catalogue_failing", ("hub", "available")): 0,
        ("catalogue_requests_total", ("hub.example",)): 9,
        ("catalogue_requests_total", ("site.example",)): 3,
        ("catalogue_failures_total", ("hub.example",)): 2,
        ("catalogue_failures_total", ("site.example",)): 0,
        ("catalogue_rate_limit_remaining", ("hub.example",)): 491,
    }


def test_a_name_cannot_break_the_format() -> None:
    """Quotes, line ends and backslashes in a label are escaped."""
    found = read(snapshot(runtime(spec(name='a"b\\c\nd'), observation())))
    assert found["runtime_reachable", ('a"b\\c\nd',)] == 1


async def test_metrics_over_http(house: House) -> None:
    """The text format, with a help text for every metric, counters of what ended among them."""
    house.hub.publish(replace(scene().snapshot, version=2, events=(event(1, operation_id="past-002"),)))
    async with house.open() as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=nonsense"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.name.startswith("venom_modeld_") and family.documentation for family in families)
    found = samples(answer.text)
    assert found["operations_total", ("ollama", "install", "completed")] == 1
    assert 0 <= found["event_loop_lag_seconds", ()] < 60


class Counting:
    """A tally at work."""

    def __init__(self) -> None:
        self.hub = SnapshotHub()
        self.history = FakeHistory([ended(number) for number in range(9)])
        self.tally = Tally()
        self._version = 0

    async def tell(self, *told: events.Event) -> dict[tuple[str, OperationType, str], int]:
        """Publish a snapshot with these events, and return what is counted then."""
        self._version += 1
        self.hub.publish(snapshot(version=self._version, events=told))
        await asyncio.sleep(1)
        return dict(self.tally.ended)


@pytest.mark.looptime
async def test_each_event_is_counted_once() -> None:
    """However often an event is in a snapshot, its operation ended once; starts and other events are no ends."""
    world = Counting()
    watching = asyncio.create_task(world.tally.watch(world.hub, world.history))
    one = event(1, operation_id="past-001")
    two = event(2, events.OPERATION_FAILED, operation_id="past-002")
    three = event(3, events.OPERATION_CANCELLED, operation_id="past-003")
    other = [event(4, events.OPERATION_STARTED, operation_id="past-004"), event(5, events.RUNTIME_CONVERGED)]
    assert sum((await world.tell(one)).values()) == 1
    assert sum((await world.tell(one)).values()) == 1
    assert await world.tell(one, two, three, *other) == {
        ("ollama", OperationType.INSTALL, "completed"): 1,
        ("ollama", OperationType.INSTALL, "failed"): 1,
        ("ollama", OperationType.INSTALL, "cancelled"): 1,
    }
    watching.cancel()


@pytest.mark.looptime
async def test_what_cannot_be_counted_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Events of an earlier process, unknown operations and a broken history are passed over; counting goes on."""
    world = Counting()
    watching = asyncio.create_task(world.tally.watch(world.hub, world.history))
    early = replace(event(1, operation_id="past-001"), at=NOON - 9000)
    assert await world.tell(early, event(2, operation_id="nothing")) == {}
    world.history.broken = TemporaryError("The state is on a full disk.", reason=Reason.DISK_FULL)
    assert await world.tell(event(3, operation_id="past-003")) == {}
    assert "operation not counted" in caplog.messages
    world.history.broken = None
    assert sum((await world.tell(event(4, operation_id="past-004"))).values()) == 1
    watching.cancel()
