"""WhatsApp's text exports: a line a message, which may go on over more lines. Pure.

The form is what the apps of iOS and Android write under "Export chat". What the app itself says
(who joined, that the chat is encrypted) and what was deleted are no messages here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from parley.portability.imports.clock import Occurrences, milliseconds
from parley.portability.imports.model import Author, Chat, Post, Source, UnreadableError
from parley.portability.imports.whatsapp_dates import Order, Stamp, order_of, read_head
from parley.portability.imports.whatsapp_text import Readable, readable
from parley_protocol import limits

_SAID = re.compile(r"(?P<author>[^:]+):(?: (?P<text>.*))?", re.DOTALL)
_QUOTES = re.compile(r'["“”„«»]')
_AROUND_NAMES = "\u200e\u200f\u202a\u202c\u2068\u2069~ \u00a0\u202f"
_MENTION = re.compile(r"@(?:\u2068(?P<name>[^\u2069]+)\u2069|(?P<number>\d{7,15})\b)")
_FILE = re.compile(r"\[file[^\]]*\]")


@dataclass(frozen=True, slots=True)
class _Record:
    """A line and those that go on it; ``author`` is empty where the app speaks."""

    stamp: Stamp
    author: str
    text: str


def read_whatsapp(content: str, group: str, zone: ZoneInfo) -> Source:
    """Read an export as one group. ``zone`` is that of the phone which made it.

    Raises:
        UnreadableError: no line looks like a message.
    """
    records = list(_records(content))
    if not records:
        raise UnreadableError("no line begins with a date and a time as WhatsApp writes them")
    order = order_of([record.stamp for record in records])
    names = [record.author for record in records if record.author]
    authors = {name: Author(name, name, (name,)) for name in names}
    chat = Chat(
        group,
        "group",
        group,
        lambda: _posts(records, order, zone, _called(authors)),
    )
    return Source("whatsapp", [chat], authors)


def _records(content: str) -> Iterator[_Record]:
    stamp, lines = None, [""]
    # Not splitlines(): texts hold other line ends.
    for line in content.replace("\r\n", "\n").rstrip("\n").split("\n"):
        head = read_head(line)
        if head is None:
            lines.append(line)
            continue
        if stamp is not None:
            yield _record(stamp, "\n".join(lines))
        stamp, lines = head[0], [head[1]]
    if stamp is not None:
        yield _record(stamp, "\n".join(lines))


def _record(stamp: Stamp, rest: str) -> _Record:
    found = _SAID.fullmatch(rest)
    # In "Ada changed the subject to “Re: plans”" the colon is not behind a name.
    if found is None or "\n" in found["author"] or _QUOTES.search(found["author"]):
        return _Record(stamp, "", rest)
    return _Record(stamp, found["author"].strip(_AROUND_NAMES), found["text"] or "")


def _posts(
    records: Sequence[_Record], order: Order, zone: ZoneInfo, called: Mapping[str, str]
) -> Iterator[Post | None]:
    occurrences = Occurrences()
    at = 0
    for record in records:
        local = record.stamp.at(order)
        at = at if local is None else milliseconds(local, zone)
        said = readable(record.text) if record.author else None
        yield None if said is None else _post(record, said, at, occurrences, called)


def _post(
    record: _Record, said: Readable, at: int, occurrences: Occurrences, called: Mapping[str, str]
) -> Post:
    # As written: a longer export of the same chat may tell another order of the date.
    written = ".".join(map(str, (*record.stamp.fields, record.stamp.seconds)))
    # The same chat exported with and without its files must not be stored twice.
    words = (written, record.author, _FILE.sub("[file]", said.text))
    mentioned = [called.get(_name(found)) for found in _MENTION.finditer(said.text)]
    return Post(
        key=occurrences.key(*words),
        author=record.author,
        at=at,
        text=_MENTION.sub(lambda found: f"@{found['name'] or found['number']}", said.text),
        mentions=tuple(dict.fromkeys(filter(None, mentioned)))[: limits.MENTIONS_MAX],
        edited_at=at if said.is_edited else None,
    )


def _name(found: re.Match[str]) -> str:
    return found["number"] or found["name"].strip(_AROUND_NAMES)


def _called(authors: Mapping[str, Author]) -> dict[str, str]:
    """Give the authors by what mentions call them: a name, or a number's digits."""
    numbers = {re.sub(r"\D", "", name): name for name in authors}
    return {number: name for number, name in numbers.items() if number} | {n: n for n in authors}
