"""A client's session (section 4.1): what outlives its connections."""

from collections import deque
from typing import Any

from broker.core.message import Item, Message, qos_of
from broker.core.queue import Queue

_LAST_ID = 65_535


class Session:
    """Subscriptions, and what is on its way to a client or waits for it.

    ``link`` is the connection, where there is one; ``is_ready`` says that it takes plain
    messages, and that none waits. ``inflight`` holds what was sent and is not
    acknowledged, by packet id and in order; ``resend`` those of its packet ids that are yet to be
    sent again on a new connection; ``queue`` what could not be sent yet. ``window`` is how many may
    be in flight beside those that are ``released`` and wait for PUBCOMP (section 4.9). ``timer`` is
    the number of the entry of ``Timers`` that ends it, 0 for none. ``is_service`` says that it is
    one of the platform's own, for which everybody's messages wait. Collections that most sessions
    never need are made at first use: a session is small.
    """

    __slots__ = (
        "client_id",
        "expiry",
        "inflight",
        "is_ready",
        "is_service",
        "link",
        "packet_id",
        "queue",
        "received",
        "released",
        "resend",
        "second",
        "subscriptions",
        "timer",
        "will",
        "window",
    )

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.link: Any = None
        self.is_ready = False
        self.is_service = False
        self.expiry = 0
        self.timer = 0
        self.subscriptions: dict[str, Any] = {}
        self.inflight: dict[int, Item] = {}
        self.queue: Queue | None = None
        self.packet_id = 0
        self.window = 0
        self.received: dict[int, Message | None] | None = None
        self.released: dict[int, None] | None = None
        self.resend: deque[int] | None = None
        self.second: set[int] | None = None
        self.will: Any = None

    @property
    def is_persistent(self) -> bool:
        """Whether what is sent while the client is away waits for it."""
        return self.expiry > 0

    def next_id(self) -> int:
        """Give a packet id that is not in use; fewer than all of them ever are."""
        number = self.packet_id
        used, released = self.inflight, self.released
        while True:
            number = number + 1 if number < _LAST_ID else 1
            if number not in used and not (released and number in released):
                self.packet_id = number
                return number

    def send(self, item: Item) -> int:
        """Put an item in flight; give its packet id."""
        packet_id = self.next_id()
        self.put_in_flight(item, packet_id)
        return packet_id

    def put_in_flight(self, item: Item, packet_id: int) -> None:
        """Put an item in flight by a packet id."""
        self.inflight[packet_id] = item
        if qos_of(item) > 1:
            if self.second is None:
                self.second = set()
            self.second.add(packet_id)

    def enqueue(self, item: Item) -> None:
        """Let an item wait."""
        if self.queue is None:
            self.queue = Queue()
            self.is_ready = False
        self.queue.append(item)

    def dequeue(self, *, oldest: bool = False) -> Item:
        """Take the item whose turn it is, or else the oldest."""
        if self.queue is None:
            raise IndexError("nothing waits")
        item = self.queue.take_oldest() if oldest else self.queue.next()
        if not self.queue:
            self.queue = None
            self.note_readiness()
        return item

    def note_readiness(self) -> None:
        """See whether messages can be sent right away."""
        link = self.link
        waits = self.queue is not None or self.resend is not None
        self.is_ready = link is not None and link.is_open and link.is_plain and not waits

    def next_to_resend(self) -> tuple[int, Item] | None:
        """Take what is to be sent again first, where there is room for it."""
        while self.resend and len(self.inflight) - len(self.resend) < self.window:
            packet_id = self.resend.popleft()
            if packet_id in self.inflight:
                return packet_id, self.inflight[packet_id]
        if not self.resend and self.resend is not None:
            self.resend = None
            self.note_readiness()
        return None

    @property
    def takes_more(self) -> bool:
        """Whether a message can be sent right away: none waits, and there is room."""
        link = self.link
        return (
            link is not None
            and link.is_open
            and self.queue is None
            and self.resend is None
            and len(self.inflight) < self.window
        )

    def acknowledged(self, packet_id: int) -> Item | None:
        """Take a PUBACK: give what has arrived, or ``None`` where the packet id is not known."""
        if self.second and packet_id in self.second:
            return None
        return self.inflight.pop(packet_id, None)

    def received_by_client(self, packet_id: int) -> Item | None:
        """Take a PUBREC: give what has arrived; its packet id stays in use until PUBCOMP."""
        if not self.second or packet_id not in self.second:
            return None
        self.second.remove(packet_id)
        if self.released is None:
            self.released = {}
        self.released[packet_id] = None
        self.window -= 1
        return self.inflight.pop(packet_id)

    def refused_by_client(self, packet_id: int) -> Item | None:
        """Take a PUBREC with an error: the packet id is free again (section 4.3.3)."""
        item = self.received_by_client(packet_id)
        self.completed(packet_id)
        return item

    def completed(self, packet_id: int) -> None:
        """Take a PUBCOMP: the packet id is free again."""
        if self.released and packet_id in self.released:
            del self.released[packet_id]
            self.window += 1

    def everything(self) -> list[Item]:
        """Give all that has not arrived, in order."""
        return [*self.inflight.values(), *(self.queue or ())]
