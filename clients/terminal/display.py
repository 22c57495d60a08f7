"""How events look as lines of text. Pure."""

import unicodedata
from collections.abc import Callable
from datetime import datetime

from parley_protocol import rest
from parley_protocol.payloads import Entry, SystemChange

_CONTROL = ("Cc", "Cf", "Zl", "Zp")
_KEPT = "\n\u200c\u200d"  # the two joiners carry meaning in many scripts and in emoji
_PICTURES = 0x2400
_DELETE, _DELETE_PICTURE = 0x7F, "\u2421"
_SPACE = 0x20
_ACTION = "/me "

Name = Callable[[str], str]
"""Gives a person's display name for a uid."""


def harmless(text: str) -> str:
    """Show control and direction characters instead of obeying them: a terminal would."""
    return "".join(map(_harmless, text)).replace("\n", "\n    ")


def entry_line(entry: Entry, name: Name) -> str:
    """Write an entry of a conversation with the local time and its sender."""
    time = datetime.fromtimestamp(entry.stored_at / 1000).astimezone().strftime("%H:%M")
    return f"{time} {_what(entry, harmless(name(entry.sender)), name)}"


def hit_line(hit: rest.Hit, name: Name) -> str:
    """Write a message that was found: its day, its sender, and the piece, *so* where it fits."""
    day = datetime.fromtimestamp(hit.message.stored_at / 1000).astimezone().strftime("%Y-%m-%d")
    return f"{day} {harmless(name(hit.message.sender))}: {harmless(_marked(hit.snippet))}"


def _marked(snippet: rest.Snippet) -> str:
    text, done, parts = snippet.text, 0, ["… " if snippet.start else ""]
    for start, end in snippet.highlights:
        parts += [text[done:start], "*", text[start:end], "*"]
        done = end
    return "".join([*parts, text[done:]])


def _what(entry: Entry, who: str, name: Name) -> str:
    if entry.system is not None:
        return f"* {who} {_change(entry.system, name)}"
    if entry.type == "edit":
        return f"{who} (corrected): {harmless(entry.text)}"
    done = _done(entry)
    return f"{who}: {_text(entry.text, entry)}" if done is None else f"* {who} {done}"


def _done(entry: Entry) -> str | None:
    """Tell what somebody did, where an entry is not words."""
    deeds = {
        "delete": "took a message back",
        "reaction": f"reacted with {harmless(entry.emoji or '')}",
        "file": "sent a file",
        "erased": "said something that is erased",
        "hidden": "said something that you have deleted",
    }
    if entry.text.startswith(_ACTION):
        return _text(entry.text.removeprefix(_ACTION), entry)
    return deeds.get(entry.type)


def _text(text: str, entry: Entry) -> str:
    return harmless(text) + (" …" if entry.partial else "")


def _change(change: SystemChange, name: Name) -> str:
    people = ", ".join(harmless(name(uid)) for uid in change.uids)
    group = harmless(change.name or "")
    return {
        "created": f"made the group “{group}”",
        "renamed": f"named the group “{group}”",
        "added": f"added {people}",
        "removed": f"removed {people}",
        "left": "left the group",
        "role": f"made {people} {change.role}",
        "retention": f"had messages kept {_for_days(change.days)}",
    }[change.action]


def _for_days(days: int | None) -> str:
    return f"for {days} days" if days else "for ever"


def _harmless(character: str) -> str:
    code = ord(character)
    if character in _KEPT or unicodedata.category(character) not in _CONTROL:
        return character
    if code < _SPACE:
        return chr(_PICTURES + code)
    return _DELETE_PICTURE if code == _DELETE else f"<U+{code:04X}>"
