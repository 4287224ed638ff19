"""An instance's figures in Prometheus' text form. Imported when they are first asked for."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from twinserve.inference.monitor import Monitor
from twinserve.inference.tally import LATENCY_BOUNDS_MS, Counts, Tally

PREFIX = "twinserve"
# Of the process itself, as every Prometheus client gives them.
PROCESS = CollectorRegistry()
ProcessCollector(registry=PROCESS)


def expose(monitor: Monitor) -> tuple[str, bytes]:
    """The content type and the text."""
    registry = CollectorRegistry()
    registry.register(_Figures(monitor))
    return CONTENT_TYPE_LATEST, generate_latest(registry) + generate_latest(PROCESS)


class _Figures(Collector):
    """Each figure of one moment; counters are from the instance's start."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """See ``prometheus_client.registry.Collector``."""
        tally = self._monitor.tally()
        total = tally.total()
        yield self._model(tally)
        requests = CounterMetricFamily(
            f"{PREFIX}_requests", "Requests answered, pages left out.", labels=["status"]
        )
        for status, count in sorted(total.answers.items()):
            requests.add_metric([str(status)], count)
        yield requests
        yield _latency(total)
        predictions = CounterMetricFamily(
            f"{PREFIX}_predictions", "Predictions of each class.", labels=["class"]
        )
        for number, name in enumerate(tally.card.classes):
            predictions.add_metric([name], total.classes[number])
        yield predictions
        yield from _features(tally, total)

    def _model(self, tally: Tally) -> Metric:
        card, instance = tally.card, self._monitor.instance.name
        model = InfoMetricFamily(f"{PREFIX}_model", "What is served here, and by which instance.")
        model.add_metric(
            [],
            {
                "name": card.name,
                "version": card.version,
                "sha256": card.artifacts[card.served],
                "bundle": self._monitor.bundle_hash,
                "instance": instance,
            },
        )
        return model


def _latency(total: Counts) -> Metric:
    latency = HistogramMetricFamily(
        f"{PREFIX}_request_duration_seconds", "From a request's head to its answer, in the handler."
    )
    bounds = [*(f"{bound / 1e3:g}" for bound in LATENCY_BOUNDS_MS), "+Inf"]
    buckets, under = [], 0
    for bound, count in zip(bounds, total.latency, strict=True):
        under += count
        buckets.append((bound, float(under)))
    latency.add_metric([], buckets, total.latency_ns / 1e9)
    return latency


def _features(tally: Tally, total: Counts) -> Iterator[Metric]:
    outside = CounterMetricFamily(
        f"{PREFIX}_feature_out_of_range",
        "Values that the range of the model's table does not hold.",
        labels=["feature", "side"],
    )
    seen = CounterMetricFamily(
        f"{PREFIX}_feature_values", "Values that were looked at.", labels=["feature"]
    )
    drift = GaugeMetricFamily(
        f"{PREFIX}_feature_drift_psi",
        "Population stability index of the window against the model's table.",
        labels=["feature"],
    )
    gaps = CounterMetricFamily(
        f"{PREFIX}_feature_gaps", "Values that were missing.", labels=["feature"]
    )
    told = zip(tally.card.observed, total.values, tally.drift(), strict=True)
    for feature, counts, score in told:
        below, *inside, above = counts[:-1] if feature.missing else counts
        if feature.missing:
            gaps.add_metric([feature.name], counts[-1])
        outside.add_metric([feature.name, "below"], below)
        outside.add_metric([feature.name, "above"], above)
        seen.add_metric([feature.name], below + sum(inside) + above)
        if score is not None:
            drift.add_metric([feature.name], score)
    yield outside
    yield seen
    if any(feature.missing for feature in tally.card.features):
        yield gaps
    yield drift
    window = GaugeMetricFamily(f"{PREFIX}_drift_window_rows", "Rows that the index is taken over.")
    window.add_metric([], tally.window())
    yield window
