"""``parley broker status``: what a running broker is doing."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias

import httpx
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from rich.filesize import decimal

from parley.options import UnusableError

_PREFIX = "parley_broker_"
_TIMEOUT_SECONDS = 5.0
_SECONDS_BETWEEN = 1.0

Figures: TypeAlias = dict[str, float | dict[str, float]]
"""Figures by Prometheus' name without ours before it; some are by reason."""


def ask(address: str) -> Figures:
    """Ask for the figures that are shown at an address.

    Raises:
        UnusableError: nobody answers there, or something that is not Parley's broker.
    """
    try:
        answer = httpx.get(f"http://{address}/metrics", timeout=_TIMEOUT_SECONDS)
        families = list(text_string_to_metric_families(answer.text))
    except httpx.HTTPError:
        raise UnusableError(f"no broker shows its figures at {address}") from None
    except ValueError:
        families = []
    found = dict(map(_figure, families))
    if "connections" not in found:
        raise UnusableError(f"what answers at {address} is not Parley's broker")
    return found


def table(address: str) -> str:
    """Look twice, and say it for people.

    Raises:
        UnusableError: as for ``ask``.
    """
    earlier = ask(address)
    begun = time.monotonic()
    time.sleep(_SECONDS_BETWEEN)
    now = ask(address)
    rows = _rows(earlier, now, time.monotonic() - begun)
    return "\n".join(f"{name:<12}{text}" for name, text in rows)


def _figure(family: Metric) -> tuple[str, float | dict[str, float]]:
    name = family.name.removeprefix(_PREFIX) + ("_total" if family.type == "counter" else "")
    if family.samples and not family.samples[0].labels:
        return name, _exact(family.samples[0].value)
    samples = family.samples
    return name, {"".join(sample.labels.values()): _exact(sample.value) for sample in samples}


def _exact(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _rows(earlier: Figures, now: Figures, seconds: float) -> Iterator[tuple[str, str]]:
    def number(name: str) -> str:
        return f"{_plain(now, name):,.0f}"

    def size(name: str) -> str:
        return decimal(int(_plain(now, name)))

    def rate(name: str) -> str:
        return f"{(_plain(now, name) - _plain(earlier, name)) / seconds:,.0f}/s"

    yield "up", str(timedelta(seconds=_plain(now, "uptime_seconds")))
    yield "clients", f"{number('connections')} connected, {number('sessions')} sessions"
    for name, of in (("received", "messages_received_total"), ("sent", "messages_sent_total")):
        yield name, f"{number(of)} messages, {rate(of)}; {size(f'bytes_{name}_total')}"
    yield "in flight", f"{number('messages_inflight')} messages"
    yield "queued", f"{number('messages_queued')} messages, {size('messages_queued_bytes')}"
    yield "retained", f"{number('retained_messages')} messages, {size('retained_bytes')}"
    if "journal_bytes" in now:
        yield "journal", f"{size('journal_bytes')}, of it alive {size('journal_live_bytes')}"
    yield "dropped", _reasons(now, "messages_dropped_total")
    yield "refused", _reasons(now, "connections_refused_total")
    yield "ended", _reasons(now, "connections_ended_total")


def _plain(figures: Figures, name: str) -> float:
    value = figures[name]
    return sum(value.values()) if isinstance(value, Mapping) else value


def _reasons(figures: Figures, name: str) -> str:
    value = figures[name]
    if not isinstance(value, Mapping) or not value:
        return "none"
    counts = sorted(value.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count:,.0f} {reason.replace('_', ' ')}" for reason, count in counts)
