"""Receipts, coalesced to one a second per conversation. Pure; times in seconds."""

from parley_protocol.payloads import Receipt

_PAUSE = 1.0


class Receipts:
    """What is to be told, on which topic, of how far a person has received and read."""

    def __init__(self) -> None:
        self._waiting: dict[str, Receipt] = {}
        self._told: dict[str, float] = {}

    def note(self, topic: str, receipt: Receipt) -> None:
        """Remember the highest marks of a conversation."""
        held = self._waiting.get(topic, receipt)
        self._waiting[topic] = Receipt(
            cid=receipt.cid,
            delivered=max(receipt.delivered, held.delivered),
            read=max(receipt.read, held.read),
        )

    def take_due(self, now: float) -> list[tuple[str, Receipt]]:
        """Give what may be told now."""
        due = [topic for topic in self._waiting if self._next(topic) <= now]
        self._told |= dict.fromkeys(due, now)
        return [(topic, self._waiting.pop(topic)) for topic in due]

    def next_due(self) -> float | None:
        """Say when something may be told; ``None`` where nothing waits."""
        return min(map(self._next, self._waiting), default=None)

    def _next(self, topic: str) -> float:
        return self._told[topic] + _PAUSE if topic in self._told else 0.0
