"""The figures as Prometheus reads them."""

import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from broker.core.core import Core
from broker.core.figures import Figure, Figures
from broker.metrics.exposition import registry_of
from tests.unit.broker.core.peers import joined, new_core

_JOURNAL = Figure("journal/bytes", "journal_bytes", "Its size.", 1 << 40)


def read(core: Core) -> dict[str, Metric]:
    text = generate_latest(registry_of(Figures(core, lambda: [_JOURNAL]))).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_every_figure_is_there_with_its_kind() -> None:
    core = new_core()
    joined(core, "ada").publish("a", b"x")
    found = read(core)
    for name, kind, value in (
        ("connections", "gauge", 1),
        ("connects", "counter", 1),
        ("messages_received", "counter", 1),
        ("journal_bytes", "gauge", 1 << 40),
    ):
        family = found[f"parley_broker_{name}"]
        assert (family.type, [sample.value for sample in family.samples]) == (kind, [value])
    (memory,) = found["process_resident_memory_bytes"].samples
    assert memory.value > 1_000_000


def test_reasons_are_labels() -> None:
    core = new_core()
    core.dropped["queue_full"] += 3
    core.dropped['a "strange"\\\n one'] += 1
    samples = read(core)["parley_broker_messages_dropped"].samples
    assert [(sample.labels, sample.value) for sample in samples] == [
        ({"reason": "queue_full"}, 3),
        ({"reason": 'a "strange"\\\n one'}, 1),
    ]


def test_names_are_in_the_manner_of_prometheus() -> None:
    for figure in Figures(new_core()).read():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", figure.name)
        assert figure.meaning.endswith(".")


@pytest.mark.parametrize("count", [2**53 - 1, 12_345_678_901_234])
def test_large_counts_are_exact(count: int) -> None:
    core = new_core()
    core.counts.sent_bytes = count
    (sample,) = read(core)["parley_broker_bytes_sent"].samples
    assert sample.value == count
