"""Who wants a message: exact topics by hash, wildcards by a tree of levels (section 4.7).

Receivers of a topic are found once and kept until a subscription changes them, so publishing
costs the same however many people are connected.
"""

from collections.abc import Iterator
from typing import NamedTuple

from broker.core.message import FIELD_KEPT_MAX, field_of
from broker.core.session import Session
from mqtt.filters import has_wildcard, split_share

_ROUTES_MAX = 200_000


class Grant(NamedTuple):
    """How a subscription is served. ``identifier`` is 0 where there is none."""

    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    identifier: int = 0


class Target:
    """A session that receives what is published on a topic.

    ``is_plain`` says that nothing but its QoS has to be looked at.
    """

    __slots__ = ("ids", "is_plain", "no_local", "qos", "retain_as_published", "session")

    def __init__(self, session: Session, grants: list[Grant]) -> None:
        self.session = session
        self.qos = max(grant.qos for grant in grants)
        self.no_local = all(grant.no_local for grant in grants)
        self.retain_as_published = any(grant.retain_as_published for grant in grants)
        self.ids = tuple(grant.identifier for grant in grants if grant.identifier)
        self.is_plain = not (self.no_local or self.retain_as_published or self.ids)


class Share:
    """The members of a shared subscription, who take turns (section 4.8.2)."""

    def __init__(self) -> None:
        self.members: dict[Session, Grant] = {}
        self._turn = 0

    def choose(self) -> Target | None:
        """Pick the next member, one that is connected where there is one."""
        members = list(self.members)
        if not members:
            return None
        self._turn = (self._turn + 1) % len(members)
        order = members[self._turn :] + members[: self._turn]
        session = next((member for member in order if member.link is not None), order[0])
        return Target(session, [self.members[session]])


class Route(NamedTuple):
    """Where a topic leads. ``plain`` are targets of QoS 1 and 2 with nothing else to look at.

    ``is_simple`` says that they are everything.
    """

    plain: tuple[Session, ...]
    targets: tuple[Target, ...]
    shares: tuple[Share, ...]
    is_simple: bool


class _Entry:
    """The subscriptions to one filter."""

    __slots__ = ("members", "shares")

    def __init__(self) -> None:
        self.members: dict[Session, Grant] = {}
        self.shares: dict[str, Share] = {}

    @property
    def is_empty(self) -> bool:
        return not self.members and not self.shares


class _Node:
    """A level of the tree; ``entry`` holds the filters that end here."""

    __slots__ = ("children", "entry")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.entry = _Entry()


class Index:
    """All subscriptions of all sessions."""

    def __init__(self) -> None:
        self.routes: dict[bytes, Route] = {}
        self._exact: dict[str, _Entry] = {}
        self._tree = _Node()

    def add(self, session: Session, topic_filter: str, grant: Grant) -> None:
        """Subscribe a session, or replace its subscription to the same filter."""
        name, plain = split_share(topic_filter)
        entry = self._make(plain)
        if name:
            entry.shares.setdefault(name, Share()).members[session] = grant
        else:
            entry.members[session] = grant
        self._forget_routes(plain)

    def remove(self, session: Session, topic_filter: str) -> None:
        """End a subscription, where there is one."""
        name, plain = split_share(topic_filter)
        entry = self._find(plain)
        if entry is None:
            return
        if not name:
            entry.members.pop(session, None)
        elif name in entry.shares:
            entry.shares[name].members.pop(session, None)
            if not entry.shares[name].members:
                del entry.shares[name]
        if entry.is_empty:
            self._prune(plain)
        self._forget_routes(plain)

    def route(self, field: bytes) -> Route:
        """Find out where a topic leads, and keep it in ``routes`` where its field is not long."""
        grants: dict[Session, list[Grant]] = {}
        shares: list[Share] = []
        for entry in self._entries(field[2:].decode()):
            for session, grant in entry.members.items():
                grants.setdefault(session, []).append(grant)
            shares += entry.shares.values()
        targets = tuple(Target(session, found) for session, found in grants.items())
        plain = tuple(target.session for target in targets if target.is_plain and target.qos)
        is_simple = len(plain) == len(targets) and not shares
        route = Route(plain, targets, tuple(shares), is_simple)
        if len(self.routes) >= _ROUTES_MAX:
            self.routes.clear()
        if len(field) <= FIELD_KEPT_MAX:
            self.routes[field] = route
        return route

    def _entries(self, topic: str) -> Iterator[_Entry]:
        exact = self._exact.get(topic)
        if exact is not None:
            yield exact
        if self._tree.children:
            levels = topic.split("/")
            yield from _walk(self._tree, levels, 0, wild=not topic.startswith("$"))

    def _make(self, plain: str) -> _Entry:
        if not has_wildcard(plain):
            return self._exact.setdefault(plain, _Entry())
        node = self._tree
        for level in plain.split("/"):
            node = node.children.setdefault(level, _Node())
        return node.entry

    def _find(self, plain: str) -> _Entry | None:
        if not has_wildcard(plain):
            return self._exact.get(plain)
        node: _Node | None = self._tree
        for level in plain.split("/"):
            node = node.children.get(level) if node else None
        return node.entry if node else None

    def _prune(self, plain: str) -> None:
        if not has_wildcard(plain):
            del self._exact[plain]
            return
        path = [self._tree]
        levels = plain.split("/")
        for level in levels:
            path.append(path[-1].children[level])
        for parent, level in zip(path[-2::-1], levels[::-1], strict=True):
            child = parent.children[level]
            if child.children or not child.entry.is_empty:
                return
            del parent.children[level]

    def _forget_routes(self, plain: str) -> None:
        if has_wildcard(plain):
            self.routes.clear()
        else:
            self.routes.pop(field_of(plain), None)


def _walk(node: _Node, levels: list[str], at: int, *, wild: bool) -> Iterator[_Entry]:
    """Give the entries below ``node`` that match; ``wild`` says whether a wildcard may be first."""
    children = node.children
    if wild and "#" in children:
        yield children["#"].entry
    if at == len(levels):
        if not node.entry.is_empty:
            yield node.entry
        return
    for level in (levels[at], "+") if wild else (levels[at],):
        child = children.get(level)
        if child is not None:
            yield from _walk(child, levels, at + 1, wild=True)
