"""What all connections share: sessions, subscriptions, retained messages, and routing."""

from collections import Counter, deque
from typing import Any

import msgspec

from broker.core import exactly_once, lives
from broker.core.access import Rules
from broker.core.counts import Counts
from broker.core.index import Grant, Index, Route, Target
from broker.core.limits import Limits
from broker.core.message import (
    PACKET_IDS,
    Delivery,
    Item,
    Message,
    message_of,
    qos_of,
)
from broker.core.retained import Retained
from broker.core.session import Session
from broker.core.survival import Journal
from broker.core.timers import Timers
from mqtt.codes import V311

_LAST_ID = 65_535
_EXACTLY_ONCE = 2


class Core:
    """The broker. ``now``, in seconds since 1970, is set by whoever feeds it."""

    def __init__(self, limits: Limits, rules: Rules, journal: Journal | None = None) -> None:
        self.limits = limits
        self.rules = rules
        self.journal = journal
        self.now = 0.0
        self.ticked_at = 0.0
        self.sessions: dict[str, Session] = {}
        self.index = Index()
        self.retained = Retained()
        self.queued_bytes = 0
        self.links: set[Any] = set()
        self.dirty: list[Any] = []
        self.unsafe: deque[Message] = deque()
        self.held: dict[int, exactly_once.Held] = {}
        self.dropped: Counter[str] = Counter()
        self.counts = Counts()
        self.connects = 0
        self.published = 0
        self.delivered = 0
        self.timers = Timers()

    @property
    def is_crowded(self) -> bool:
        """Whether so many connections are there that one more is not even told so."""
        limits = self.limits
        return len(self.links) > limits.connections + limits.connects_per_second

    def publish_plain(self, message: Message) -> None:
        """Route a message at QoS 1 with neither properties nor a retain flag.

        This is what a chat's broker does all day, so everything stands in one loop.
        """
        self.published += 1
        route = self.index.routes.get(message.field) or self.index.route(message.field)
        must_store, others = False, 0
        for session in route.plain:
            inflight = session.inflight
            if not session.is_ready or len(inflight) >= session.window:
                must_store |= self._give(session, message)
                others += 1
                continue
            number = session.packet_id + 1
            if number > _LAST_ID or number in inflight or session.released:
                number = session.next_id()
            else:
                session.packet_id = number
            inflight[number] = message
            if session.expiry:
                message.waiting += 1
            link = session.link
            if link.version == V311:
                head, tail = message.encoded or message.plain()
            else:
                head, tail = message.encoded_v5 or message.plain_v5()
            out = link.out
            if not out:
                self.dirty.append(link)
            out.append(head + PACKET_IDS[number] + tail)
        self.delivered += len(route.plain) - others
        if message.waiting and route.is_simple and self.journal is not None and not must_store:
            self.unsafe.append(message)
        else:
            self._publish_rest(message, None, route, must_store=must_store)

    def publish(self, message: Message, sender: Session | None = None) -> None:
        """Route a message of any kind."""
        self.published += 1
        if message.retain:
            self._retain(message)
        route = self.index.routes.get(message.field) or self.index.route(message.field)
        if message.qos == _EXACTLY_ONCE and self.journal is not None:
            exactly_once.hold(self, message, sender, route)
            return
        must_store = False
        for target in route.targets:
            if target.is_plain and target.qos:
                must_store |= self.deliver(target, message, sender)
        self._publish_rest(message, sender, route, must_store=must_store)

    def _publish_rest(
        self, message: Message, sender: Session | None, route: Route, *, must_store: bool
    ) -> None:
        """Route to those that are not plain, and see that the publisher is told."""
        chosen: list[Target] = []
        if not route.is_simple:
            for target in route.targets:
                if not (target.is_plain and target.qos):
                    must_store |= self.deliver(target, message, sender)
            chosen = [found for share in route.shares if (found := share.choose()) is not None]
            for target in chosen:
                must_store |= self.deliver(target, message, sender)
        if message.qos:
            self._make_safe(message, sender, chosen, must_store=must_store or bool(chosen))

    def publish_retained(self, session: Session, message: Message, grant: Grant) -> None:
        """Send a retained message to a new subscription."""
        qos = min(message.qos, grant.qos)
        ids = (grant.identifier,) if grant.identifier else ()
        copy = msgspec.structs.replace(message, qos=qos, waiting=0, number=0, publisher=None)
        if self.journal is not None and qos and session.expiry:
            self.journal.store(copy, [session.client_id])
        self._give(session, Delivery(copy, qos, retain=True, ids=ids))

    def may_retain(self, topic: str, size: int) -> bool:
        """Tell whether there is room to retain so many bytes on a topic."""
        limits, retained = self.limits, self.retained
        if not size:
            return True
        earlier = retained.get(topic)
        count = retained.count - (earlier is not None)
        held = retained.bytes - (earlier.size if earlier is not None else 0)
        return count < limits.retained_messages and held + size <= limits.retained_bytes

    def has_room(self, session: Session, qos: int) -> bool:
        """Tell whether one message more can be sent or wait, without another's being dropped."""
        waiting = len(session.queue or ())
        return session.link.is_open if not qos else waiting < self.limits.queue_messages

    def arrived(self, session: Session, item: Item) -> None:
        """Note that an item need not be sent to a session any more."""
        message = message_of(item)
        if session.expiry:
            message.waiting -= 1
            if message.number and self.journal is not None:
                self.journal.arrived(message, session.client_id)
            if not message.waiting:
                self.confirm(message)

    def confirm(self, message: Message) -> None:
        """Tell a message's publisher that it is safe."""
        publisher, message.publisher = message.publisher, None
        if publisher is not None:
            publisher.confirm(message)

    def stored(self, messages: list[Message]) -> None:
        """Take the journal's word that messages are on disk."""
        for message in messages:
            exactly_once.let_go(self, message)
            self.confirm(message)

    def enqueue(self, session: Session, item: Item) -> None:
        """Let an item wait for a session, whatever the bounds."""
        session.enqueue(item)
        self.queued_bytes += message_of(item).size

    def refill(self, session: Session) -> None:
        """Send what waits, as far as there is room."""
        link = session.link
        while link is not None and link.is_open:
            again = session.next_to_resend()
            if again is not None:
                self._write(session, *again, dup=True)
                continue
            if session.queue is None or len(session.inflight) >= self._window(session):
                break
            item = self._dequeue(session)
            expires_at = message_of(item).expires_at
            if expires_at is not None and expires_at <= self.now:
                self._drop(session, item, "expired")
            else:
                self._send(session, item)

    def subscribe(self, session: Session, topic_filter: str, grant: Grant) -> bool:
        """Subscribe a session; tell whether the subscription is new."""
        is_new = topic_filter not in session.subscriptions
        if session.subscriptions.get(topic_filter) != grant:
            session.subscriptions[topic_filter] = grant
            self.index.add(session, topic_filter, grant)
        return is_new

    def unsubscribe(self, session: Session, topic_filter: str) -> bool:
        """End a subscription; tell whether there was one."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        self.index.remove(session, topic_filter)
        return True

    def tick(self) -> None:
        """Do what is due; to be called every second or so."""
        lives.do_what_is_due(self)
        # A tick that comes late counts for as many seconds as it is late.
        seconds = max(1.0, self.now - self.ticked_at)
        for link in list(self.links):
            link.tick(seconds)
        self.connects, self.ticked_at = 0, self.now

    def save_unsafe(self) -> None:
        """Give the journal what receivers have not acknowledged in time."""
        while self.unsafe:
            message = self.unsafe[0]
            if message.waiting and message.publisher is not None:
                if self.now - message.born < self.limits.safe_seconds:
                    return
                self._store(message, None, [])
            self.unsafe.popleft()

    def deliver(self, target: Target, message: Message, sender: Session | None) -> bool:
        """Deliver to a target of any kind; tell whether it waits for somebody who is away."""
        if target.no_local and sender is target.session:
            return False
        qos = min(message.qos, target.qos)
        retain = message.retain and target.retain_as_published
        if qos == 1 and not retain and not target.ids:
            return self._give(target.session, message)
        return self._give(target.session, Delivery(message, qos, retain=retain, ids=target.ids))

    def _give(self, session: Session, item: Item) -> bool:
        """Send an item, or let it wait; tell whether it waits for somebody who is away."""
        link = session.link
        is_open = link is not None and link.is_open
        if not qos_of(item):
            if is_open:
                self._write(session, 0, item)
            elif link is not None:
                self.dropped["slow_reader"] += 1
            return False
        message_of(item).waiting += session.is_persistent
        if session.takes_more:
            self._send(session, item)
            return False
        self.enqueue(session, item)
        self._bound(session)
        return session.is_persistent and link is None

    def _window(self, session: Session) -> int:
        # While a backlog takes turns with what is said now, that shall not be behind much of it.
        is_behind = session.queue is not None and session.queue.is_behind
        return min(session.window, self.limits.inflight) if is_behind else session.window

    def _send(self, session: Session, item: Item) -> None:
        self._write(session, session.send(item), item)

    def _write(self, session: Session, packet_id: int, item: Item, *, dup: bool = False) -> None:
        link = session.link
        if packet_id and not dup and link.is_plain and item.__class__ is Message:
            encoded = item.plain_for(link.version)
            if encoded is not None:
                link.deliver(encoded[0] + PACKET_IDS[packet_id] + encoded[1])
                self.delivered += 1
                return
        is_kept = not dup and exactly_once.is_kept(self, session, item)
        data = link.encode(item, packet_id, dup=dup, may_alias=not is_kept)
        if not link.packet_most or len(data) <= link.packet_most:
            if is_kept:
                exactly_once.send_later(self, session, message_of(item).number, packet_id, data)
            else:
                link.deliver(data)
            self.delivered += not dup
            return
        # Not sent, and as if it had arrived (section 3.1.2.11.4).
        link.forget_alias(message_of(item).field)
        if not packet_id:
            self.dropped["too_large"] += 1
            return
        taken = session.acknowledged(packet_id) or session.refused_by_client(packet_id)
        if taken is not None:
            self._drop(session, taken, "too_large")

    def _bound(self, session: Session) -> None:
        # The oldest goes: a client finds by its numbers what it lacks, and fetches it.
        limits = self.limits
        messages, size = limits.queue(is_service=session.is_service)
        while session.queue is not None and (
            len(session.queue) > messages
            or session.queue.size > size
            or self.now - message_of(session.queue.oldest).born > limits.queue_seconds
        ):
            self._drop(session, self._dequeue(session, oldest=True), "queue_full")
        while (
            session.queue is not None
            and not session.is_service
            and self.queued_bytes > limits.all_queues_bytes
        ):
            self._drop(session, self._dequeue(session, oldest=True), "all_queues_full")

    def _dequeue(self, session: Session, *, oldest: bool = False) -> Item:
        item = session.dequeue(oldest=oldest)
        self.queued_bytes -= message_of(item).size
        return item

    def _drop(self, session: Session, item: Item, why: str) -> None:
        self.dropped[why] += 1
        self.arrived(session, item)

    def _make_safe(
        self,
        message: Message,
        sender: Session | None,
        chosen: list[Target],
        *,
        must_store: bool,
    ) -> None:
        if not message.waiting or self.journal is None:
            self.confirm(message)
        elif must_store:
            self._store(message, sender, chosen)
        elif message.publisher is not None:
            self.unsafe.append(message)

    def _store(self, message: Message, sender: Session | None, chosen: list[Target]) -> None:
        # Some may have it already. Sent again after a crash, it is one of QoS 1's repeats.
        route = self.index.routes.get(message.field) or self.index.route(message.field)
        receivers = [
            target.session.client_id
            for target in (*route.targets, *chosen)
            if target.session.expiry and not (target.no_local and target.session is sender)
        ]
        if self.journal is not None:
            self.journal.store(message, receivers)

    def _retain(self, message: Message) -> None:
        self.retained.keep(message)
        # What the broker says of itself is said anew after every start.
        if self.journal is not None and not message.topic.startswith("$"):
            self.journal.retain(message)
