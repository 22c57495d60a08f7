"""The last retained message of each topic (section 3.3.1.3)."""

from collections.abc import Iterator

from broker.core.message import Message


class _Node:
    __slots__ = ("children", "message")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.message: Message | None = None


class Retained:
    """Retained messages by topic, found by filters."""

    def __init__(self) -> None:
        self._root = _Node()
        self.count = 0
        self.bytes = 0

    def keep(self, message: Message) -> None:
        """Replace a topic's message; one without a payload takes it away."""
        path = self._path(message.topic, make=bool(message.payload))
        node = path[-1] if path else None
        if node is None:
            return
        if node.message is not None:
            self.count -= 1
            self.bytes -= node.message.size
        node.message = message if message.payload else None
        if message.payload:
            self.count += 1
            self.bytes += message.size
        else:
            self._prune(message.topic, path)

    def get(self, topic: str) -> Message | None:
        """Give a topic's message."""
        path = self._path(topic, make=False)
        return path[-1].message if path else None

    def find(self, topic_filter: str, now: float) -> Iterator[Message]:
        """Give what a new subscription to a filter receives."""
        levels = topic_filter.split("/")
        for message in _walk(self._root, levels, 0, wild=False):
            if message.expires_at is None or message.expires_at > now:
                yield message

    def _path(self, topic: str, *, make: bool) -> list[_Node]:
        path = [self._root]
        for level in topic.split("/"):
            if make:
                path.append(path[-1].children.setdefault(level, _Node()))
            elif level in path[-1].children:
                path.append(path[-1].children[level])
            else:
                return []
        return path

    def _prune(self, topic: str, path: list[_Node]) -> None:
        for parent, level in zip(path[-2::-1], topic.split("/")[::-1], strict=True):
            child = parent.children[level]
            if child.children or child.message is not None:
                return
            del parent.children[level]


def _walk(node: _Node, levels: list[str], at: int, *, wild: bool) -> Iterator[Message]:
    if at == len(levels):
        if node.message is not None:
            yield node.message
        return
    level = levels[at]
    if level == "#":
        yield from _everything(node, wild=wild)
        return
    children = node.children
    if level != "+":
        chosen = [children[level]] if level in children else []
    else:
        chosen = [child for name, child in children.items() if wild or not name.startswith("$")]
    for child in chosen:
        yield from _walk(child, levels, at + 1, wild=True)


def _everything(node: _Node, *, wild: bool) -> Iterator[Message]:
    if node.message is not None:
        yield node.message
    for name, child in node.children.items():
        if wild or not name.startswith("$"):
            yield from _everything(child, wild=True)
