"""Run a replay against a server: everybody signs up, talks in the log's order, and compares."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Self

from parley.replay.compare import expected, messages, mismatches
from parley.replay.insist import insist
from parley.replay.irc import Named
from parley.replay.person import Person
from parley.replay.plan import Group, Line, Plan
from parley_protocol.payloads import Entry

_SIGN_UPS_AT_ONCE = 8
_SILENCE_SECONDS = 90.0

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is printed at the end, as one line of JSON."""

    people: int
    groups: int
    sent: int
    stored: int
    delivered: int
    seconds: float
    mismatches: int

    def as_dict(self) -> dict[str, float]:
        """Give the fields in order."""
        return asdict(self)


class Replay:
    """A plan in the act. ``folder`` takes the devices' files."""

    def __init__(self, plan: Plan, server: str, folder: Path, progress: Progress) -> None:
        self.plan = plan
        run = secrets.token_hex(5)
        self.people = {
            nick: Person(nick, f"irc-{run}-{number}", server, folder)
            for number, nick in enumerate(plan.people)
        }
        self.cids: dict[int, str] = {}
        self._ids: dict[int, str] = {}
        self._progress = progress
        self._said = 0

    async def __aenter__(self) -> Self:
        """Sign everybody up, switch their devices on, and make the groups."""
        room = asyncio.Semaphore(_SIGN_UPS_AT_ONCE)
        password = secrets.token_urlsafe()
        done = 0

        async def join(person: Person) -> None:
            nonlocal done
            async with room:
                await person.sign_up(password)
                await person.switch_on()
            done += 1
            self._progress("people", done, len(self.people))

        await asyncio.gather(*map(join, self.people.values()))
        for number, group in enumerate(self.plan.groups):
            await self._make_group(number, group)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(person.switch_off() for person in self.people.values()))

    async def run(self) -> Result:
        """Talk, wait until everybody has everything, and compare."""
        begun = time.monotonic()
        await self.talk()
        await self.arrive()
        return await self.compare(time.monotonic() - begun)

    async def talk(self, from_line: int = 0, to_line: int | None = None) -> None:
        """Play a stretch of the log: groups side by side, each in its order."""

        def is_due(step: Line | Named) -> bool:
            return from_line <= step.line and (to_line is None or step.line < to_line)

        groups = enumerate(self.plan.groups)
        talks = [self._talk(n, [s for s in group.steps if is_due(s)]) for n, group in groups]
        aside = [self._rename(step) for step in self.plan.aside if is_due(step)]
        await asyncio.gather(*talks, *aside)

    async def arrive(self) -> None:
        """Wait until everybody has everything, or nothing more comes."""
        waits = [
            asyncio.create_task(self.people[nick].has_received(1 + len(group.lines)))
            for group in self.plan.groups
            for nick in group.members
        ]
        before = -1
        while waits and (now := self._received()) != before:
            before = now
            _, pending = await asyncio.wait(waits, timeout=_SILENCE_SECONDS)
            waits = list(pending)
        for wait in waits:
            wait.cancel()
            with suppress(asyncio.CancelledError):
                await wait

    async def compare(self, seconds: float) -> Result:
        """Read each group's history, and hold it and every device's stream against the log."""
        uids = {nick: person.uid for nick, person in self.people.items()}
        wrong = stored = delivered = 0
        for number, group in enumerate(self.plan.groups):
            wanted = expected(group, uids, self._ids)
            history = await self._history(number, group)
            stored += len(messages(history))
            wrong += mismatches(wanted, history)
            for nick in group.members:
                received = self.people[nick].received
                delivered += len(messages(received))
                wrong += mismatches(wanted, received)
        groups = len(self.plan.groups)
        return Result(
            len(uids), groups, len(self._ids), stored, delivered, round(seconds, 3), wrong
        )

    async def _make_group(self, number: int, group: Group) -> None:
        owner, *others = (self.people[nick] for nick in group.members)
        uids = [other.uid for other in others]
        name = f"Group {number + 1}"
        self.cids[number] = await insist(partial(owner.find_or_make_group, name, uids))

    async def _talk(self, number: int, steps: Iterable[Line | Named]) -> None:
        for step in steps:
            if isinstance(step, Named):
                await self._rename(step)
            else:
                await self._say(self.cids[number], step)

    async def _say(self, cid: str, line: Line) -> None:
        reply_to = None if line.reply_to is None else self._ids[line.reply_to]
        client = self.people[line.nick].client
        sending = await insist(partial(client.send, cid, line.text, reply_to=reply_to))
        self._ids[line.line] = sending.id
        # The next in the group speaks when this is stored: that is the log's order.
        await sending.stored()
        self._said += 1
        self._progress("messages", self._said, sum(len(g.lines) for g in self.plan.groups))

    async def _rename(self, named: Named) -> None:
        client = self.people[named.nick].client
        await insist(lambda: client.set_display_name(named.display))

    async def _history(self, number: int, group: Group) -> list[Entry]:
        reader = self.people[group.members[-1]].client
        history: list[Entry] = []
        while True:
            page = await insist(partial(reader.history, self.cids[number], after=len(history)))
            if not page:
                return history
            history += page

    def _received(self) -> int:
        return sum(len(person.received) for person in self.people.values())
