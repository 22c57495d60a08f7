"""IRC logs, a file a day or a part of one, as one group. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from parley.portability.imports.clock import Occurrences, milliseconds
from parley.portability.imports.model import Author, Chat, Post, Source, UnreadableError
from parley.replay.irc import Said, read_log

_DAY = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_CLOCK_MAY_GO_BACK_MINUTES = 60


@dataclass(frozen=True, slots=True)
class _Log:
    """A file: the day at which it begins, and what was said."""

    day: datetime
    said: list[Said]


def read_irc(files: Sequence[tuple[str, str]], group: str, zone: ZoneInfo) -> Source:
    """Read files, given by name and content; the name says the day, as in ``2004-11-15.log``.

    Raises:
        UnreadableError: a name says no day, or nobody says anything.
    """
    logs = [
        _Log(_day(name), [event for event in read_log(content) if isinstance(event, Said)])
        for name, content in sorted(files)
    ]
    logs.sort(key=lambda log: log.day)
    nicks = dict.fromkeys(said.nick for log in logs for said in log.said)
    if not nicks:
        raise UnreadableError("nobody says anything in it: a line is like [23:59] <nick> text")
    authors = {nick: Author(nick, nick, (nick,)) for nick in nicks}
    chat = Chat(group, "group", group, lambda: _posts(logs, zone))
    return Source("irc", [chat], authors)


def _posts(logs: Sequence[_Log], zone: ZoneInfo) -> Iterator[Post]:
    occurrences = Occurrences()
    for log in logs:
        for said, local in _timed(log):
            key = occurrences.key(local.isoformat(), said.nick, said.text)
            yield Post(key, said.nick, milliseconds(local, zone), said.text)


def _timed(log: _Log) -> Iterator[tuple[Said, datetime]]:
    """Give the local times; who is named without one has it from the line before."""
    day, minute = log.day, 0
    for said in log.said:
        if said.minute is not None:
            if said.minute < minute - _CLOCK_MAY_GO_BACK_MINUTES:
                day += timedelta(days=1)
            minute = said.minute
        yield said, day + timedelta(minutes=minute)


def _day(name: str) -> datetime:
    for year, month, day in _DAY.findall(name):
        try:
            return datetime(int(year), int(month), int(day))  # noqa: DTZ001 - a wall clock's
        except ValueError:
            continue
    raise UnreadableError(f"{name}: the file's name says no day, as 2004-11-15.log does")
