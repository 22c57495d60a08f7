"""One message's way: receive a batch, check, commit, deliver, and only then acknowledge."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from bridge.check import Checked, Refused, Writing, check, refuse
from bridge.delivery import Delivery, Publisher, sender_last
from bridge.late import Decision, Latecomers
from bridge.stream import Received
from parley_protocol.checks import Refusal
from parley_protocol.payloads import (
    ConversationChanged,
    ReceiptMoved,
    TypingShown,
    encode,
    for_delivery,
)
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.model import Decided, Draft, Mark, Parcel, Stored, Undecided

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_IDLE_SECONDS = 0.05
"""How long a change made by the API may wait for its delivery."""
_WAIT_SECONDS = 0.5
"""How often a wait for the broker or the database looks whether the bridge is to leave."""
_PARCELS = 200
_OUTSTANDING_MAX = 20_000
"""Publishes on their way at once; packet ids end at 65,535 (MQTT 3.1.1, section 2.3.1)."""


class Broker(Publisher, Protocol):
    """What the worker needs of a broker; see ``bridge.link.Link``."""

    @property
    def published(self) -> int:
        """The number of the last publish at QoS 1."""

    @property
    def confirmed(self) -> int:
        """The number up to which the broker has all publishes."""

    def receive(self, *, limit: int, seconds: float) -> list[Received]:
        """Take the next batch; come back sooner, with nothing, when more is confirmed."""

    def acknowledge(self, batch: Iterable[Received]) -> None:
        """Let the broker forget it."""

    def settle(self, seconds: float) -> bool:
        """Wait until the broker has all that was published; tell whether it has."""

    def rest(self, seconds: float) -> None:
        """Wait, and keep the connection alive meanwhile."""


class StoppedError(Exception):
    """The bridge leaves in the middle of a wait; what is not acknowledged comes again."""


class _Delivered(NamedTuple):
    """A batch that is delivered, and is acknowledged when the broker has publish ``until``."""

    batch: list[Received]
    told: list[int]
    until: int


class Worker:
    """The bridge's one loop. ``now`` gives milliseconds since 1970.

    While the broker takes what one batch has made, the next is worked on. Batches are
    acknowledged in their order.
    """

    def __init__(
        self,
        broker: Broker,
        ledger: Ledger,
        *,
        batch: int,
        fans_out: bool = False,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._broker = broker
        self._ledger = ledger
        self._delivery = Delivery(broker, fans_out=fans_out)
        self._batch = batch
        self._now = now
        self._delivered: deque[_Delivered] = deque()
        self._polled = 0.0
        self._stopping = threading.Event()
        self._late = Latecomers(self._commit_old)

    def run(self) -> None:
        """Work until ``stop``; a batch that was begun is finished."""
        try:
            while not self._stopping.is_set():
                self.turn(_IDLE_SECONDS)
            self._wait_for_broker()
        except StoppedError:
            return

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stopping.set()

    def turn(self, seconds: float) -> None:
        """Take one batch all the way, and deliver what the API has changed.

        Raises:
            StoppedError: ``stop`` was called while the broker or the database was waited for.
        """
        confirmed = self._broker.confirmed
        batch = self._broker.receive(limit=self._batch, seconds=seconds)
        checked = [check(received.topic, received.payload) for received in batch]
        drafts = [found for found in checked if isinstance(found, Draft)]
        outcomes = self._commit(drafts) + self._late.decided()
        # Read after the commit, what the API numbered before it is delivered before it.
        is_idle = not batch and self._broker.confirmed == confirmed
        told = self._deliver_parcels() if drafts or is_idle or self._is_due() else []
        for draft, outcome in outcomes:
            self._deliver_outcome(draft, outcome)
        self._deliver_receipts([found for found in checked if isinstance(found, Mark)])
        self._show_writing([found for found in checked if isinstance(found, Writing)])
        self._answer_refused(checked)
        self._delivered.append(_Delivered(batch, told, self._broker.published))
        self._acknowledge()

    def _commit(self, drafts: Sequence[Draft]) -> list[Decision]:
        """Store what can be decided at once, and let the rest be decided beside the loop."""
        found = _each(
            drafts, lambda some: self._patiently(lambda: self._ledger.commit(some, self._now()))
        )
        late = [draft for draft, outcome in found if isinstance(outcome, Undecided)]
        if late:
            self._late.take(late)
        return [(draft, outcome) for draft, outcome in found if not isinstance(outcome, Undecided)]

    def _commit_old(self, drafts: Sequence[Draft]) -> list[Decision]:
        return _each(drafts, lambda some: self._ledger.commit_old(some, self._now()))

    def _deliver_outcome(self, draft: Draft, outcome: Decided) -> None:
        if not isinstance(outcome, Stored):
            self._reject(refuse(draft.sender, draft.device, outcome))
            return
        members = sender_last(outcome.members, draft.sender)
        if outcome.opened:
            joined = ConversationChanged(cid=outcome.entry.cid, change="joined", type="dm")
            self._deliver(members, encode(joined))
        self._deliver(members, encode(for_delivery(outcome.entry)))

    def _is_due(self) -> bool:
        return time.monotonic() - self._polled >= _IDLE_SECONDS

    def _deliver_parcels(self) -> list[int]:
        if any(found.told for found in self._delivered):
            # They are still in the outbox, and would be delivered once more.
            self._wait_for_broker()
        self._polled = time.monotonic()
        parcels = self._patiently(lambda: self._ledger.parcels(_PARCELS))
        for parcel in parcels:
            if parcel.recipients:
                self._deliver(parcel.recipients, parcel.payload)
            else:
                self._delivery.order(parcel.payload)
            if parcel.request is not None:
                _log.info("told what a request changed", extra={"fields": _origin(parcel)})
        return [parcel.number for parcel in parcels]

    def _deliver_receipts(self, marks: Sequence[Mark]) -> None:
        for moved in self._patiently(lambda: self._ledger.mark(marks)) if marks else []:
            mark = moved.mark
            payload = ReceiptMoved(
                cid=mark.cid, uid=mark.uid, delivered=mark.delivered, read=mark.read
            )
            self._deliver(moved.members, encode(payload))

    def _show_writing(self, writing: Sequence[Writing]) -> None:
        cids = {found.cid for found in writing}
        members = self._patiently(lambda: self._ledger.listeners(cids)) if cids else {}
        for found in writing:
            of_it = members.get(found.cid, ())
            if found.uid in of_it:
                payload = encode(TypingShown(cid=found.cid, uid=found.uid, on=found.on))
                self._delivery.show((uid for uid in of_it if uid != found.uid), payload)

    def _answer_refused(self, checked: Sequence[Checked]) -> None:
        for found in checked:
            if isinstance(found, Refused):
                self._reject(found)

    def _reject(self, refused: Refused) -> None:
        rejected = refused.rejected
        _log.info("rejected a message of %s: %s", refused.uid, rejected.code)
        self._deliver([refused.uid], encode(rejected))

    def _deliver(self, recipients: Sequence[str], payload: bytes) -> None:
        self._delivery.deliver(recipients, payload)
        if self._broker.published - self._broker.confirmed > _OUTSTANDING_MAX:
            self._wait_for_broker()

    def _acknowledge(self) -> None:
        """Let go, in order, of the batches whose deliveries the broker has."""
        while self._delivered and self._delivered[0].until <= self._broker.confirmed:
            batch, told, _ = self._delivered.popleft()
            if told:
                self._patiently(partial(self._ledger.settle, told))
            self._broker.acknowledge(batch)

    def _wait_for_broker(self) -> None:
        while not self._broker.settle(_WAIT_SECONDS):
            if self._stopping.is_set():
                raise StoppedError
        self._acknowledge()

    def _patiently(self, step: Callable[[], _T]) -> _T:
        """Wait for a database that is away: the broker keeps the messages meanwhile."""
        while True:
            try:
                return step()
            except UnavailableError as error:
                _log.warning("waiting: %s", error)
                self._broker.rest(_WAIT_SECONDS)
                if self._stopping.is_set():
                    raise StoppedError from None


def _each(
    drafts: Sequence[Draft], commit: Callable[[Sequence[Draft]], list[_T]]
) -> list[tuple[Draft, _T | Refusal]]:
    """Commit a batch, or, where that fails, its messages one by one, for the sake of the others."""
    if not drafts:
        return []
    try:
        return list(zip(drafts, commit(drafts), strict=True))
    except (StoppedError, UnavailableError):
        raise
    except Exception as error:  # noqa: BLE001 - one message must not stop all others
        if len(drafts) > 1:
            return [pair for draft in drafts for pair in _each([draft], commit)]
        # The type alone: an exception's text may quote the message.
        _log.error("cannot store a message: %s", type(error).__name__)
        refusal = Refusal("internal", "the message cannot be stored", drafts[0].message.id)
        return [(drafts[0], refusal)]


def _origin(parcel: Parcel) -> dict[str, object]:
    return {"request": parcel.request, "parcel": parcel.number}
