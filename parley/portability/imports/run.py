"""Fill the ledger from a source: who is who, who is in what, and then message by message."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Engine

from parley.portability.imports.derived import derived
from parley.portability.imports.foreign import foreign
from parley.portability.imports.model import Chat, Kind, Source
from parley.portability.imports.people import People, Placed
from parley.portability.imports.survey import Survey, members, owner_first, survey
from parley.portability.imports.texts import shown
from parley_protocol.ids import pair_cid
from storage.ledger import Ledger
from storage.model import Foreign, Opening

_BATCH = 1_000
_IN_A_PAIR = 2


@dataclass
class Plan:
    """What an import will do."""

    source: Source
    surveys: list[Survey]
    members: list[tuple[str, ...]]
    people: list[Placed]


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one chat: messages that are new, and things that no message is made of."""

    cid: str
    name: str
    stored: int
    left_out: int


@dataclass
class Importer:
    """Plans an import, which changes nothing, and carries it out. Times are read from the clock."""

    engine: Engine
    ledger: Ledger
    chosen: Mapping[str, str] = field(default_factory=dict)
    most_members: int | None = None

    def plan(self, source: Source) -> Plan:
        """Read all of a source once.

        Raises:
            TooManyMembersError: a group is too large.
            NotFoundError: an account that was chosen is not there.
        """
        surveys = [survey(chat) for chat in source.chats]
        of_each = [
            members(chat, found, self.most_members)
            for chat, found in zip(source.chats, surveys, strict=True)
        ]
        involved = dict.fromkeys(key for found in surveys for key in found.involved)
        people = People(self.engine, source.kind, self.chosen)
        placed = people.place(source.authors[key] for key in involved)
        return Plan(source, surveys, of_each, placed)

    def carry_out(self, plan: Plan) -> Iterator[Filled]:
        """Store what is new, chat by chat."""
        People(self.engine, plan.source.kind, self.chosen).make(plan.people)
        uids = {placed.author.key: placed.uid for placed in plan.people}
        can_log_in = {placed.author.key for placed in plan.people if placed.can_log_in}
        chats = zip(plan.source.chats, plan.surveys, plan.members, strict=True)
        for chat, found, keys in chats:
            opening = _opening(plan.source.kind, chat, owner_first(chat, keys, can_log_in), uids)
            stored = self._fill(opening, chat, uids) if keys else 0
            yield Filled(opening.cid, chat.name, stored, found.left_out)

    def _fill(self, opening: Opening, chat: Chat, uids: Mapping[str, str]) -> int:
        posts = (post for post in chat.posts() if post is not None)
        stored = 0
        messages = foreign(opening.cid, posts, uids)
        while batch := list[Foreign](islice(messages, _BATCH)):
            stored += self.ledger.bring_in(opening, batch, time.time_ns() // 1_000_000)
        if stored:
            self.ledger.announce(opening.cid)
        return stored


def _opening(kind: Kind, chat: Chat, keys: tuple[str, ...], uids: Mapping[str, str]) -> Opening:
    people = tuple(dict.fromkeys(uids[key] for key in keys))
    if chat.type == "dm" and 0 < len(people) <= _IN_A_PAIR:
        return Opening(pair_cid(people[0], people[-1]), "dm", "", people)
    return Opening(derived(kind, chat.key), "group", shown(chat.name, chat.key), people)
