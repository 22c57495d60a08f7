"""Read IRC logs of the Ubuntu channels' form. Pure.

``[hh:mm] <nick> text`` is said; ``[hh:mm]  * nick text`` and, in old logs, ``=== nick text`` is an
action; ``=== nick [host]  has joined …`` and ``=== nick is now known as other`` are told by the
server. A time may have seconds. Line numbers count from 0, as the annotations do.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TIME = r"\[(?P<hour>\d\d):(?P<minute>\d\d)(?::\d\d)?\]"
_SAID = re.compile(_TIME + r" <(?P<nick>[^>]+)> (?P<text>.+)", re.DOTALL)
_ACTED = re.compile(_TIME + r"  \* (?P<nick>\S+) (?P<text>.+)", re.DOTALL)
_RENAMED = re.compile(r"=== (?P<nick>\S+) is now known as (?P<new>\S+)")
_TOLD = re.compile(r"=== (?P<nick>\S+) \[[^\]]*\]\s+(?P<what>.*)")
_OLD_ACTION = re.compile(r"=== (?P<nick>\S+) (?P<text>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """A message: what somebody said, or did (then its text begins with ``/me``).

    ``minute`` is that of the day, where the line has a time.
    """

    line: int
    nick: str
    text: str
    minute: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """From here on, people see ``nick`` under the name ``display``."""

    line: int
    nick: str
    display: str


Event = Said | Named


def read_log(content: str) -> list[Event]:
    """Give what happens in a log; lines without a word are left out."""
    return [
        event
        for number, line in enumerate(content.split("\n"))
        if (event := _read_line(number, line)) is not None
    ]


def read_replies(content: str) -> dict[int, int]:
    """Give, for each line that answers another, the nearest line that it answers."""
    replies: dict[int, int] = {}
    for line in content.splitlines():
        earlier, later = sorted(int(field) for field in line.split()[:2])
        if earlier < later:
            replies[later] = max(earlier, replies.get(later, 0))
    return replies


def nicks(events: Iterable[Event]) -> list[str]:
    """Give every nick that occurs, in order of first occurrence."""
    found: dict[str, None] = {}
    for event in events:
        found.setdefault(event.nick)
        if isinstance(event, Named):
            found.setdefault(event.display)
    return list(found)


def _read_line(number: int, line: str) -> Event | None:
    if said := _SAID.fullmatch(line):
        return Said(number, said["nick"], said["text"], _minute(said))
    if acted := _ACTED.fullmatch(line):
        return Said(number, acted["nick"], f"/me {acted['text']}", _minute(acted))
    if renamed := _RENAMED.fullmatch(line):
        return Named(number, renamed["nick"], renamed["new"])
    if told := _TOLD.fullmatch(line):
        return Named(number, told["nick"], told["nick"]) if "joined" in told["what"] else None
    if acted := _OLD_ACTION.fullmatch(line):
        return Said(number, acted["nick"], f"/me {acted['text']}")
    return None


def _minute(found: re.Match[str]) -> int:
    return int(found["hour"]) * 60 + int(found["minute"])
