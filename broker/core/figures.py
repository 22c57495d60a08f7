"""What the broker is doing, for whoever looks: to be read, and retained below ``$SYS/broker``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from broker.core.core import Core
from broker.core.message import field_of, make

_SLICE = 2_000


class Figure(NamedTuple):
    """A figure with its two names: below ``$SYS/broker/``, and in the manner of Prometheus.

    One that is counted since the start has a name that ends in ``_total``. Where ``value`` is a
    mapping, it is by reason.
    """

    topic: str
    name: str
    meaning: str
    value: float | Mapping[str, int]

    @property
    def is_counter(self) -> bool:
        """Whether it only grows."""
        return self.name.endswith("_total")


class Waiting(NamedTuple):
    """Totals of all sessions."""

    queued: int = 0
    queued_bytes: int = 0
    inflight: int = 0
    subscriptions: int = 0


class Figures:
    """All figures of a core, and those that ``more`` gives; what it publishes itself aside."""

    def __init__(self, core: Core, more: Callable[[], Iterable[Figure]] = tuple) -> None:
        self._core = core
        self._more = more
        self._begun = core.now
        self._published = 0
        self._told: dict[str, bytes] = {}
        self._census = _census(core)
        self._waiting = Waiting()

    def tick(self) -> None:
        """Bring up to date what would take too long to be found when it is asked for."""
        self._waiting = next(self._census)

    def read(self) -> Iterator[Figure]:
        """Give all figures."""
        core, waiting = self._core, self._waiting
        yield from _clients(core, waiting)
        yield from _traffic(core, core.published - self._published)
        yield from _waiting(waiting)
        yield from self._retained()
        yield Figure(
            "uptime", "uptime_seconds", "Seconds since the start.", int(core.now - self._begun)
        )
        yield from self._more()

    def publish(self) -> None:
        """Tell those who have subscribed, now and later."""
        core = self._core
        told = dict(pair for figure in self.read() for pair in _topics(figure))
        for topic, payload in told.items():
            core.publish(make(field_of(topic), payload, 0, core.now, retain=True))
        self._published += len(told)
        self._told |= told

    def _retained(self) -> Iterator[Figure]:
        retained, own = self._core.retained, self._told
        count, size = retained.count - len(own), retained.bytes - sum(map(len, own.values()))
        yield Figure("retained/count", "retained_messages", "Messages retained.", count)
        yield Figure("retained/bytes", "retained_bytes", "Their size.", size)


def _census(core: Core) -> Iterator[Waiting]:
    """Add up all sessions, over and over; give the newest totals at every step.

    A step takes about a millisecond at most: all at once would hold up the messages.
    """
    newest = Waiting()
    while True:
        queued = queued_bytes = inflight = subscriptions = 0
        for number, session in enumerate(list(core.sessions.values()), 1):
            inflight += len(session.inflight)
            subscriptions += len(session.subscriptions)
            if session.queue:
                queued += len(session.queue)
                queued_bytes += session.queue.size
            if number % _SLICE == 0:
                yield newest
        newest = Waiting(queued, queued_bytes, inflight, subscriptions)
        yield newest


def _clients(core: Core, waiting: Waiting) -> Iterator[Figure]:
    counts = core.counts
    yield Figure(
        "clients/connected", "connections", "Clients that are connected.", counts.connected
    )
    yield Figure(
        "clients/total", "sessions", "Sessions, their clients connected or not.", len(core.sessions)
    )
    yield Figure("subscriptions/count", "subscriptions", "Subscriptions.", waiting.subscriptions)
    yield Figure("connects", "connects_total", "Connections that were let in.", counts.connects)
    yield Figure("refused", "connections_refused_total", "Connections not let in.", counts.refused)
    yield Figure(
        "ended", "connections_ended_total", "Connections that the broker has ended.", counts.ended
    )


def _traffic(core: Core, published: int) -> Iterator[Figure]:
    counts = core.counts
    yield Figure(
        "messages/received",
        "messages_received_total",
        "Messages published; one for many inboxes counts for each.",
        published,
    )
    yield Figure(
        "messages/sent",
        "messages_sent_total",
        "Messages sent to receivers, repeats aside.",
        core.delivered,
    )
    yield Figure(
        "dropped", "messages_dropped_total", "Messages that were thrown away.", core.dropped
    )
    yield Figure(
        "packets/received",
        "packets_received_total",
        "MQTT packets received.",
        counts.received_packets,
    )
    yield Figure(
        "bytes/received", "bytes_received_total", "Bytes of MQTT received.", counts.received_bytes
    )
    yield Figure("bytes/sent", "bytes_sent_total", "Bytes of MQTT sent.", counts.sent_bytes)


def _waiting(waiting: Waiting) -> Iterator[Figure]:
    yield Figure(
        "messages/inflight",
        "messages_inflight",
        "Messages that were sent and are not acknowledged.",
        waiting.inflight,
    )
    yield Figure(
        "messages/waiting",
        "messages_queued",
        "Messages that wait for their receivers.",
        waiting.queued,
    )
    yield Figure(
        "messages/waiting/bytes", "messages_queued_bytes", "Their size.", waiting.queued_bytes
    )


def _topics(figure: Figure) -> Iterator[tuple[str, bytes]]:
    topic, value = f"$SYS/broker/{figure.topic}", figure.value
    if not isinstance(value, Mapping):
        yield topic, f"{value:.15g}".encode()
        return
    for reason, count in value.items():
        yield f"{topic}/{reason}", f"{count}".encode()
