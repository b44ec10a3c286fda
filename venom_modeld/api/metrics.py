"""What Prometheus reads, made from the snapshot and the catalogues at each scrape; nothing is in a global registry.

The names are part of the interface; the reference lists them with these help texts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from venom_modeld.api.lag import BOUNDS as DELAY_BOUNDS
from venom_modeld.api.tally import BOUNDS, Tally
from venom_modeld.api.views_common import answers
from venom_modeld.api.views_status import program_version
from venom_modeld.core.catalogue import CatalogueStats
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import BlockKind
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

PREFIX = "venom_modeld_"
MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(snapshot: StatusSnapshot, tally: Tally, catalogues: CatalogueStats, *, loop_lag: float) -> bytes:
    """Return all metrics as text; `loop_lag` is how many seconds one turn of the event loop took."""
    return generate_latest(Scrape(snapshot=snapshot, tally=tally, catalogues=catalogues, loop_lag=loop_lag))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape(Collector):
    """Everything that one scrape is answered from."""

    snapshot: StatusSnapshot
    tally: Tally = field(default_factory=Tally)
    catalogues: CatalogueStats = field(default_factory=CatalogueStats)
    loop_lag: float = 0.0
    """How many seconds one turn of the event loop took."""

    def collect(self) -> Iterator[Metric]:
        """Return every metric, in the order of the reference."""
        yield from self._whole()
        yield from self._observation()
        yield from self._work()
        yield from self._finished()
        yield from self._feeds()
        yield from self._hosts()

    def _whole(self) -> Iterator[Metric]:
        snapshot = self.snapshot
        yield _info("build_info", "Always 1; the version of the daemon is a label.", version=program_version())
        generation = snapshot.desired.generation if snapshot.desired else 0
        yield _one("generation", "How many changes of the file were accepted; 0 before the first.", generation)
        valid = snapshot.file.revision is not None and not snapshot.file.problems
        yield _one("config_valid", "1 while the file is valid as it is now, else 0.", valid)
        yield from self._source(snapshot.file.origin)
        yield _one("event_loop_lag_seconds", "How long one turn of the event loop took at the scrape.", self.loop_lag)
        delays, text = self.tally.delays, "How much later than asked the event loop woke, measured 4 times a second."
        late = HistogramMetricFamily(f"{PREFIX}event_loop_delay_seconds", text)
        late.add_metric([], _buckets(DELAY_BOUNDS, delays.counts), delays.seconds)
        yield late

    def _source(self, origin: Origin | None) -> Iterator[Metric]:
        failing = origin is not None and origin.reason is not None
        text = "0 while the repository that the file comes from cannot be fetched, else 1."
        yield _one("source_fetched", text, not failing)
        text = "When that repository was last fetched, in seconds since the epoch; 0 for never, or without one."
        yield _one("source_fetched_timestamp_seconds", text, (origin.fetched_at or 0) if origin else 0)

    def _observation(self) -> Iterator[Metric]:
        yield self._each("runtime_reachable", "1 while the runtime answers, else 0.", lambda one: answers(one) is True)
        yield self._each(
            "last_success_timestamp_seconds",
            "When the runtime was last observed, in seconds since the epoch; 0 for never.",
            lambda one: one.observed_at or 0,
        )
        yield self._each("cycle_seconds", "How long the last cycle took.", lambda one: one.cycle_seconds or 0)
        yield self._each(
            "observed_generation",
            "The generation of the file that the last cycle worked on.",
            lambda one: one.observed_generation,
        )
        drift = _gauge("drift", "Differences between the file and the runtime.", "runtime", "kind")
        for runtime in self.snapshot.runtimes:
            found = Counter(one.kind for one in runtime.drift)
            for kind in DriftKind:
                drift.add_metric([runtime.spec.name, kind], found[kind])
        yield drift

    def _work(self) -> Iterator[Metric]:
        yield self._each(
            "unsafe_plans",
            "1 while removals wait for an approval, else 0.",
            lambda one: one.plan is not None and one.plan.unsafe is not None,
        )
        yield self._each(
            "stalled_operations", "Operations that failed for good, until a person changes something.", _stalled
        )
        yield self._each("suspended", "1 while the file says to change nothing, else 0.", self._is_suspended)
        yield self._each(
            "in_progress_bytes", "Bytes that the downloads in progress have fetched by now.", _bytes_in_progress
        )
        ended = _counter("operations", "Operations that ended since the daemon started.", "runtime", "type", "result")
        for labels, count in sorted(self.tally.ended.items()):
            ended.add_metric(list(labels), count)
        yield ended

    def _finished(self) -> Iterator[Metric]:
        finished = self.tally.finished
        fetched = _counter("downloaded_bytes", "Bytes of downloads completed since the daemon started.", "runtime")
        for runtime, count in sorted(finished.downloaded.items()):
            fetched.add_metric([runtime], count)
        took = HistogramMetricFamily(
            f"{PREFIX}operation_duration_seconds", "How long operations took that ended.", labels=("runtime", "type")
        )
        for labels, durations in sorted(finished.durations.items()):
            took.add_metric(list(labels), _buckets(BOUNDS, durations.counts), durations.seconds)
        yield from (fetched, took)

    def _is_suspended(self, runtime: RuntimeSnapshot) -> bool:
        return runtime.spec.suspend or (self.snapshot.desired is not None and self.snapshot.desired.suspend)

    def _feeds(self) -> Iterator[Metric]:
        age = _gauge("catalogue_age_seconds", "How old what is known of a catalogue is.", "source", "listing")
        entries = _gauge("catalogue_entries", "How many models are known of a catalogue.", "source", "listing")
        failing = _gauge("catalogue_failing", "1 while a catalogue cannot be read, else 0.", "source", "listing")
        for feed in self.catalogues.feeds:
            labels = [feed.source, feed.listing]
            if feed.age is not None:
                age.add_metric(labels, feed.age)
            entries.add_metric(labels, feed.entries)
            failing.add_metric(labels, feed.failing)
        yield from (age, entries, failing)

    def _hosts(self) -> Iterator[Metric]:
        requests = _counter("catalogue_requests", "Requests to a catalogue's host since the daemon started.", "host")
        failures = _counter("catalogue_failures", "Requests to a catalogue's host that gave nothing.", "host")
        left = _gauge("catalogue_rate_limit_remaining", "Requests that a host said it still grants.", "host")
        for host in self.catalogues.hosts:
            requests.add_metric([host.host], host.requests)
            failures.add_metric([host.host], host.failures)
            if host.remaining is not None:
                left.add_metric([host.host], host.remaining)
        yield from (requests, failures, left)

    def _each(self, name: str, text: str, value: Callable[[RuntimeSnapshot], float]) -> GaugeMetricFamily:
        family = _gauge(name, text, "runtime")
        for runtime in self.snapshot.runtimes:
            family.add_metric([runtime.spec.name], value(runtime))
        return family


def _buckets(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    return list(zip([*map(str, bounds), "+Inf"], accumulate(counts), strict=True))


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, labels=labels)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, text, labels=labels)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def _info(name: str, text: str, **labels: str) -> GaugeMetricFamily:
    family = _gauge(name, text, *labels)
    family.add_metric(list(labels.values()), 1)
    return family


def _stalled(runtime: RuntimeSnapshot) -> int:
    blocks = (step.block for step in runtime.plan.steps) if runtime.plan else ()
    return sum(block is not None and block.kind is BlockKind.STALLED for block in blocks)


def _bytes_in_progress(runtime: RuntimeSnapshot) -> int:
    running = (one.transfer for one in runtime.operations if one.status is OperationStatus.IN_PROGRESS)
    return sum(transfer.completed_bytes for transfer in running if transfer is not None)
