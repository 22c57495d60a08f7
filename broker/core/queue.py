"""What waits for a session, in one lane or in two."""

from collections import Counter, deque
from collections.abc import Iterator

from broker.core.message import Item, message_of


class Queue:
    """Items in order; ``size`` is theirs together, in bytes.

    After ``divide``, what was there and what comes later take turns: what is said now is not behind
    all that was said while nobody listened. Each topic stays in its order (section 4.6): as long
    as something of a topic is in the earlier lane, what comes on it waits there, too.
    """

    __slots__ = ("_earlier", "_is_turn_of_later", "_later", "_topics", "size")

    def __init__(self) -> None:
        self.size = 0
        self._earlier: deque[Item] = deque()
        self._later: deque[Item] = deque()
        self._topics: Counter[bytes] = Counter()
        self._is_turn_of_later = False

    def __len__(self) -> int:
        return len(self._earlier) + len(self._later)

    def __iter__(self) -> Iterator[Item]:
        yield from self._earlier
        yield from self._later

    @property
    def oldest(self) -> Item:
        """What has waited longest."""
        return (self._earlier or self._later)[0]

    @property
    def is_behind(self) -> bool:
        """Whether something waits that was there when the queue was divided."""
        return bool(self._earlier)

    def divide(self) -> None:
        """Let what comes from now on take turns with what is there."""
        self._earlier += self._later
        self._later.clear()
        self._topics = Counter(message_of(item).field for item in self._earlier)

    def append(self, item: Item) -> None:
        """Let an item wait."""
        message = message_of(item)
        self.size += message.size
        if message.field in self._topics:
            self._topics[message.field] += 1
            self._earlier.append(item)
        else:
            self._later.append(item)

    def next(self) -> Item:
        """Take the item whose turn it is."""
        is_later = bool(self._later) and (self._is_turn_of_later or not self._earlier)
        self._is_turn_of_later = not is_later
        return self._take_later() if is_later else self.take_oldest()

    def take_oldest(self) -> Item:
        """Take the item that has waited longest."""
        if not self._earlier:
            return self._take_later()
        item = self._earlier.popleft()
        message = message_of(item)
        self.size -= message.size
        self._topics[message.field] -= 1
        if not self._topics[message.field]:
            del self._topics[message.field]
        return item

    def _take_later(self) -> Item:
        item = self._later.popleft()
        self.size -= message_of(item).size
        return item
