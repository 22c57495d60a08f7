"""Deliver to inboxes, on any broker: in one publish where it can fan out, else in one each."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from parley_protocol import fanout, topics


class Publisher(Protocol):
    """What delivery needs of the link to a broker."""

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Hand a message to the broker, in the order of calls."""


class Delivery:
    """Reach people, whatever devices they have.

    ``fans_out`` says that the broker takes one publish for many recipients.
    """

    def __init__(self, link: Publisher, *, fans_out: bool = False) -> None:
        self._link = link
        self._fans_out = fans_out

    def deliver(self, recipients: Iterable[str], payload: bytes) -> None:
        """Put a payload into inboxes; it waits there for devices that are offline."""
        uids = list(recipients)
        if self._fans_out and len(uids) > 1:
            self._link.publish(topics.DELIVER, fanout.pack(uids, payload), 1)
            return
        for uid in uids:
            self._link.publish(topics.inbox(uid), payload, 1)

    def order(self, payload: bytes) -> None:
        """Give the broker itself an order; both engines obey it, other brokers do not know it."""
        self._link.publish(topics.CONTROL, payload, 1)

    def show(self, recipients: Iterable[str], payload: bytes) -> None:
        """Show a payload to the devices that are connected now."""
        for uid in recipients:
            self._link.publish(topics.live(uid), payload, 0)


def sender_last(members: Sequence[str], sender: str) -> list[str]:
    """Order recipients so that the sender's own copy comes after everybody else's.

    It is the acknowledgement: until it arrives the sender repeats the message. So when it
    arrives, the broker has the others' copies, even if the bridge has died right after.
    """
    others = [uid for uid in members if uid != sender]
    return others if len(others) == len(members) else [*others, sender]
