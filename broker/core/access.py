"""Who may do what, asked by the broker of whoever runs it."""

from collections.abc import Iterable
from typing import Protocol

from broker.core.expelling import Expulsion
from mqtt.codes import Reason
from mqtt.packets import Connect


class RefusedError(Exception):
    """A connection is not let in; the text is safe to log."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Identity(Protocol):
    """A client that was let in. ``expires_at`` is in seconds since 1970, ``None`` for never.

    ``credential`` names that by which it was let in, for whoever may take it back.
    """

    credential: str
    expires_at: float | None
    is_service: bool
    may_retain: bool

    def may_publish(self, topic: str) -> bool:
        """Tell whether the client may publish on a topic."""

    def spread(self, topic: str, payload: bytes) -> tuple[list[bytes], bytes] | None:
        """Read a publish that is for many topics: give them in UTF-8, and the payload for each."""

    def expels(self, topic: str, payload: bytes) -> Expulsion | None:
        """Read a publish that is an order to make a client leave."""

    def may_subscribe(self, topic_filter: str) -> Reason:
        """Give the highest QoS with which a filter is served, or why it is not."""


class Rules(Protocol):
    """Lets clients in, or not."""

    def admit(self, connect: Connect, now: float) -> Identity:
        """Judge a CONNECT.

        Raises:
            RefusedError: the client is not let in.
        """

    def renew(self, identity: Identity, data: bytes, now: float) -> Identity:
        """Judge the data of an AUTH packet, by which a client renews its credentials.

        Raises:
            RefusedError: the new ones are not good.
        """


class Anyone:
    """Lets everybody do everything but publish on the broker's own ``$`` topics.

    ``refused`` are filters to which nobody may subscribe.
    """

    credential = ""
    expires_at: float | None = None
    is_service = False
    may_retain = True

    def __init__(self, refused: Iterable[str] = ()) -> None:
        self._refused = frozenset(refused)

    def admit(self, _connect: Connect, _now: float) -> Identity:
        return self

    def renew(self, _identity: Identity, _data: bytes, _now: float) -> Identity:
        return self

    def may_publish(self, topic: str) -> bool:
        return not topic.startswith("$")

    def spread(self, _topic: str, _payload: bytes) -> None:
        return None

    def expels(self, _topic: str, _payload: bytes) -> None:
        return None

    def may_subscribe(self, topic_filter: str) -> Reason:
        is_refused = topic_filter in self._refused
        return Reason.UNSPECIFIED_ERROR if is_refused else Reason.GRANTED_QOS_2
