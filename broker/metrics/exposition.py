"""The broker's figures in Prometheus' text format."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from broker.core.figures import Figure, Figures

PREFIX = "parley_broker_"


def registry_of(figures: Figures) -> CollectorRegistry:
    """Make a registry of a broker's figures, and those of its process."""
    registry = CollectorRegistry()
    registry.register(_Collector(figures))
    ProcessCollector(registry=registry)
    return registry


class _Collector(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        return map(_family, self._figures.read())


def _family(figure: Figure) -> CounterMetricFamily | GaugeMetricFamily:
    make = CounterMetricFamily if figure.is_counter else GaugeMetricFamily
    name = PREFIX + figure.name
    if not isinstance(figure.value, Mapping):
        return make(name, figure.meaning, value=figure.value)
    family = make(name, figure.meaning, labels=["reason"])
    for reason, count in figure.value.items():
        family.add_metric([reason], count)
    return family
