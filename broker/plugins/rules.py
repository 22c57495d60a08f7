"""The core's rules with the plugins' verdicts: what is allowed, less what a plugin has refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from broker.core.access import Identity, RefusedError, Rules
from broker.core.expelling import Expulsion
from mqtt.codes import Reason
from mqtt.packets import Connect


class Judged:
    """An identity. ``refused`` are the topics and filters of the packet at hand that may not be."""

    def __init__(self, own: Identity) -> None:
        self.own = own
        self.credential = own.credential
        self.expires_at = own.expires_at
        self.is_service = own.is_service
        self.may_retain = own.may_retain
        self.refused: frozenset[str] = frozenset()

    def may_publish(self, topic: str) -> bool:
        return topic not in self.refused and self.own.may_publish(topic)

    def spread(self, topic: str, payload: bytes) -> tuple[list[bytes], bytes] | None:
        return self.own.spread(topic, payload)

    def expels(self, topic: str, payload: bytes) -> Expulsion | None:
        return self.own.expels(topic, payload)

    def may_subscribe(self, topic_filter: str) -> Reason:
        if topic_filter in self.refused:
            return Reason.NOT_AUTHORIZED
        return self.own.may_subscribe(topic_filter)


class JudgedRules:
    """Rules that let in, beside services, only whom plugins want, and take their later verdicts."""

    def __init__(self, own: Rules) -> None:
        self.own = own
        self._consents = False

    @contextmanager
    def consent(self, *, is_given: bool) -> Iterator[None]:
        """Let in the client whose CONNECT is passed on within, or not."""
        self._consents = is_given
        yield
        self._consents = False

    def admit(self, connect: Connect, now: float) -> Judged:
        identity = self.own.admit(connect, now)
        if not (identity.is_service or self._consents):
            raise RefusedError(Reason.NOT_AUTHORIZED, "a plugin does not let it in")
        return Judged(identity)

    def renew(self, identity: Identity, data: bytes, now: float) -> Judged:
        earlier = identity.own if isinstance(identity, Judged) else identity
        return Judged(self.own.renew(earlier, data, now))
