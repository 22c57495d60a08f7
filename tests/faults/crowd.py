"""People who talk in groups whatever becomes of the services, and what must be found of it."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count, zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self

from parley.replay.compare import messages
from parley.replay.insist import insist
from parley.replay.person import Person
from parley_protocol import limits
from parley_protocol.payloads import Entry
from storage.ledger import Ledger
from tests.unit.storage.conftest import draft_group

_PASSWORD = "a long enough password"
_GLANCE_SECONDS = 0.1
_ARRIVAL_SECONDS = 90.0
_LONG_AGO, _WEEK = 1_700_000_000_000, 7 * 24 * 3_600_000
_WEEKS, _WEEKLY = 12, 50
Sent = Mapping[str, Sequence[tuple[str, str]]]
"""What each person has said in a conversation, in order: ids and texts."""


class Crowd:
    """People, each with a device, who are all in all groups."""

    def __init__(self, url: str, folder: Path, *, people: int, groups: int) -> None:
        self.remembered = 0
        self.messages = 0
        self.pages = 0
        self._people = [Person(f"p{n}", f"person-{n}", url, folder) for n in range(people)]
        self._sent: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._groups = groups
        self._wrong_pages = 0

    async def __aenter__(self) -> Self:
        """Sign all up, connect them, and make the groups."""
        for person in self._people:
            await person.sign_up(_PASSWORD)
            await person.switch_on()
        owner, *others = self._people
        for number in range(self._groups):
            cid = await owner.client.group(f"Group {number}", [other.uid for other in others])
            self._sent[cid] = defaultdict(list)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        await asyncio.gather(*(person.switch_off() for person in self._people))

    def remember(self, ledger: Ledger) -> None:
        """Give each group a past, which is there to be moved from the beginning."""
        for cid, sent in self._sent.items():
            for week in range(_WEEKS):
                uid = self._people[week % len(self._people)].uid
                drafts = [draft_group(uid, cid, f"{week} {n}") for n in range(_WEEKLY)]
                ledger.commit(drafts, now=_LONG_AGO + week * _WEEK)
                sent[uid] += [(draft.message.id, draft.message.text) for draft in drafts]
                self.remembered += len(drafts)

    @property
    def deliveries(self) -> int:
        """How many messages devices have got."""
        return sum(len(messages(person.received)) for person in self._people)

    async def talk(self, end: asyncio.Event) -> None:
        """Talk as fast as messages are stored, and glance through history, until all are."""
        talks = [self._talk(person, cid, end) for person in self._people for cid in self._sent]
        await asyncio.gather(*talks, self._glance(end))

    async def compare(self) -> int:
        """Count what is wrong in history, read through the API, and in what devices have got."""
        histories = {cid: await self._history(cid) for cid in self._sent}
        await self._arrive(sum(map(len, histories.values())))
        wrong = self._wrong_pages
        for cid, sent in self._sent.items():
            got = [[e for e in person.received if e.cid == cid] for person in self._people]
            wrong += sum(mismatches(sent, entries) for entries in (histories[cid], *got))
        return wrong

    async def _talk(self, person: Person, cid: str, end: asyncio.Event) -> None:
        for number in count():
            if end.is_set():
                return
            text = f"{person.nick} {number}"
            sending = await insist(partial(person.client.send, cid, text))
            self._sent[cid][person.uid].append((sending.id, text))
            await sending.stored()
            self.messages += 1

    async def _glance(self, end: asyncio.Event) -> None:
        """Read pages from anywhere in between, new and old: none may have a hole."""
        reader = self._people[-1].client
        while not end.is_set():
            cid, after = (
                random.choice(list(self._sent)),
                random.randrange(_WEEKS * _WEEKLY + self.messages + 1),
            )
            page = await insist(partial(reader.history, cid, after=after, limit=limits.PAGE_MAX))
            self._wrong_pages += [e.seq - after for e in page] != [*range(1, len(page) + 1)]
            self.pages += 1
            await asyncio.sleep(_GLANCE_SECONDS)

    async def _history(self, cid: str) -> list[Entry]:
        reader, found = self._people[-1].client, list[Entry]()
        while page := await insist(partial(reader.history, cid, after=len(found))):
            found += page
        return found

    async def _arrive(self, total: int) -> None:
        arrivals = [person.has_received(total) for person in self._people]
        # Who gets nothing more is found by what he lacks.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*arrivals), _ARRIVAL_SECONDS)


def mismatches(sent: Sent, entries: Sequence[Entry]) -> int:
    """Count what a history or a device's stream lacks, has twice or has elsewhere. Pure.

    Each person's messages must be there in the order in which they were said, and the numbers
    must be 1, 2, 3 and so on.
    """
    found = defaultdict[str, list[tuple[str, str]]](list)
    for entry in messages(entries):
        found[entry.sender].append((entry.id, entry.text))
    differing: int = sum(
        a != b
        for uid in sent.keys() | found.keys()
        for a, b in zip_longest(sent.get(uid, ()), found.get(uid, ()))
    )
    jumps = sum(entry.seq != number for number, entry in enumerate(entries, 1))
    return differing + jumps
