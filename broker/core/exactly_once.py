"""QoS 2 beside a journal: what a crash must not double is on disk before the next step is taken.

A message is stored, together with its packet id, before anybody gets it; the packet id by which a
receiver gets it, before it is sent; that the receiver has it, before PUBREL (section 4.3.3).
"""

from typing import TYPE_CHECKING, NamedTuple

from broker.core.index import Route, Target
from broker.core.message import Item, Message, qos_of
from broker.core.session import Session

if TYPE_CHECKING:
    from broker.core.core import Core

_EXACTLY_ONCE = 2


class Held(NamedTuple):
    """Who gets a message as soon as it is stored."""

    targets: list[Target]
    sender: Session | None


def hold(core: "Core", message: Message, sender: Session | None, route: Route) -> None:
    """Store a message for its receivers; they get it when it is on disk."""
    chosen = [found for share in route.shares if (found := share.choose()) is not None]
    targets = [
        target
        for target in (*route.targets, *chosen)
        if not (target.no_local and target.session is sender)
    ]
    receivers = [found.session.client_id for found in targets if found.session.expiry and found.qos]
    origin = (sender.client_id, message.packet_id) if sender and sender.expiry else None
    if core.journal is not None:
        core.journal.store(message, receivers, origin)
        core.held[message.number] = Held(targets, sender)


def let_go(core: "Core", message: Message) -> None:
    """Deliver a message that was held until it was stored."""
    held = core.held.pop(message.number, None)
    if held is None:
        return
    for target in held.targets:
        if core.sessions.get(target.session.client_id) is target.session:
            core.deliver(target, message, held.sender)
        elif target.session.expiry and target.qos and core.journal is not None:
            core.journal.arrived(message, target.session.client_id)
    if not message.waiting and core.journal is not None:
        core.journal.arrived(message, "")


def is_kept(core: "Core", session: Session, item: Item) -> bool:
    """Tell whether an item is sent only when the journal has its packet id."""
    return qos_of(item) == _EXACTLY_ONCE and core.journal is not None and session.expiry > 0


def send_later(core: "Core", session: Session, number: int, packet_id: int, data: bytes) -> None:
    """Send a message, or with ``number`` 0 its PUBREL, when the journal has its packet id."""
    link = session.link
    if core.journal is None or not session.expiry:
        link.deliver(data)
        return
    core.journal.sent(session.client_id, packet_id, number)
    core.journal.then(lambda: link.deliver(data))


def sent_complete(core: "Core", session: Session, packet_id: int) -> None:
    """Free the packet id of a message to a client."""
    session.completed(packet_id)
    if core.journal is not None and session.expiry:
        core.journal.sent_complete(session.client_id, packet_id)


def received_complete(core: "Core", session: Session, packet_id: int) -> None:
    """Free the packet id of a message from a client."""
    if session.received is not None:
        session.received.pop(packet_id, None)
    if core.journal is not None and session.expiry:
        core.journal.received_complete(session.client_id, packet_id)
