"""Figures of requests for Prometheus, summed over all of gunicorn's processes."""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Figures:
    """Counts what is answered, by route: never by path, which names people and conversations."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "parley_api_requests",
            "Requests that were answered",
            ["method", "route", "status"],
            registry=self._own,
        )
        self._seconds = Histogram(
            "parley_api_request_seconds",
            "How long answers took",
            ["method", "route"],
            buckets=_BOUNDS,
            registry=self._own,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take note of an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def show(self) -> bytes:
        """Give the figures of all processes, in Prometheus' text format."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._own)
        everyones = CollectorRegistry()
        multiprocess.MultiProcessCollector(everyones)  # type: ignore[no-untyped-call]
        return generate_latest(everyones)


def forget_process(pid: int) -> None:
    """Let go of what belongs to a process that has ended."""
    if FOLDER_VARIABLE in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
