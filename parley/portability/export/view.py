"""A log as people read it: edits and deletions folded, ids turned into names. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from parley.portability.export.index import QUOTE_CHARACTERS, Index, Note
from parley_protocol.payloads import Entry, SystemChange

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ERASED = {
    "erased": "said something that is erased",
    "hidden": "said something that was deleted by the reader",
}
Names = Callable[[str], str]
"""Gives the name that is shown for a uid."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a message answers; ``place`` is that of the answered one, where it is there."""

    id: str = ""
    place: int | None = None
    name: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message with everything that was done to it since. Times are the server's, in UTC."""

    id: str
    at: datetime
    name: str
    text: str
    system: str
    reply: Reply | None
    deleted_by: str
    edited_at: datetime | None
    reactions: list[tuple[str, list[str]]]

    @property
    def day(self) -> str:
        """The date."""
        return f"{self.at:%Y-%m-%d}"


def view(entry: Entry, index: Index, names: Names) -> Message:
    """Fold what later entries say of one: the last text, or none where it was deleted."""
    notes = index.notes(entry.id)
    deletion = next((note for note in notes if note.type == "delete"), None)
    edit = _last_edit(notes)
    return Message(
        id=entry.id,
        at=_time(entry.stored_at),
        name=names(entry.sender),
        text="" if deletion else readable(edit.text if edit else entry.text),
        system=_sentence(entry.system, names) if entry.system else _ERASED.get(entry.type, ""),
        reply=_reply(entry.reply_to, index, names) if entry.reply_to else None,
        deleted_by=names(deletion.sender) if deletion else "",
        edited_at=_time(edit.at) if edit and not deletion else None,
        reactions=[] if deletion else _reactions(notes, names),
    )


def readable(text: str) -> str:
    """Replace control characters, which HTML does not allow (HTML Standard, section 13.2.3.5)."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _reply(reply_to: str, index: Index, names: Names) -> Reply:
    quote = index.quote(reply_to)
    if quote is None:
        return Reply()
    notes = index.notes(reply_to)
    if any(note.type == "delete" for note in notes):
        return Reply(quote.id, quote.place, names(quote.sender))
    edit = _last_edit(notes)
    text = edit.text[:QUOTE_CHARACTERS] if edit else quote.text
    return Reply(quote.id, quote.place, names(quote.sender), readable(text))


def _last_edit(notes: list[Note]) -> Note | None:
    return next((note for note in reversed(notes) if note.type == "edit"), None)


def _reactions(notes: list[Note], names: Names) -> list[tuple[str, list[str]]]:
    by_emoji: dict[str, dict[str, None]] = {}
    for note in notes:
        if note.type == "reaction":
            by_emoji.setdefault(readable(note.emoji or ""), {})[names(note.sender)] = None
    return [(emoji, list(people)) for emoji, people in by_emoji.items()]


def _sentence(change: SystemChange, names: Names) -> str:
    """Say what a change of a group was; the one who made it stands before."""
    people = ", ".join(names(uid) for uid in change.uids)
    name = readable(change.name or "")
    return {
        "created": f"created the group {name}" + (f" with {people}" if people else ""),
        "renamed": f"renamed the group to {name}",
        "added": f"added {people}",
        "removed": f"removed {people}",
        "left": "left the group",
        "role": f"made {people} {change.role}",
        "retention": f"had messages kept for {f'{change.days} days' if change.days else 'ever'}",
    }[change.action]


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
