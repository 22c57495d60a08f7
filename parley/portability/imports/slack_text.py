"""Slack's message text as plain text.

Source: https://api.slack.com/reference/surfaces/formatting. What stands between ``<`` and ``>`` is
a link or a mention; elsewhere these two and the ampersand are written as entities.
"""

import re
from collections.abc import Mapping

import emoji

_TOKEN = re.compile(r"<([^<>]*)>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_TONE = re.compile(r":skin-tone-([2-6]):")
_FIRST_TONE = 0x1F3FB - 2


def readable(
    text: str, people: Mapping[str, str], channels: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Give a text as people see it, and the ids of those whom it mentions.

    ``people`` and ``channels`` are names by id.
    """
    mentions: dict[str, None] = {}
    pieces = _TOKEN.split(text)
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            pieces[at] = emojis(_unescaped(piece))
            continue
        pieces[at] = _token(piece, people, channels)
        user = piece[1:].partition("|")[0]
        if piece.startswith("@") and user in people:
            mentions[user] = None
    return "".join(pieces), tuple(mentions)


def emojis(text: str) -> str:
    """Replace emoji names between colons by the emoji; a workspace's own stay names."""
    if ":" not in text:
        return text
    named = emoji.emojize(text, language="alias")
    return _TONE.sub(lambda found: chr(_FIRST_TONE + int(found[1])), named)


def _token(token: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    target, label = _unescaped(target), _unescaped(label)
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return f"@{people.get(rest) or label or rest}"
    if kind == "#":
        return f"#{label or channels.get(rest) or rest}"
    if kind == "!":
        return label or f"@{rest.partition('^')[0]}"
    address = target.removeprefix("mailto:")
    if not label or label in address:
        return address
    return f"{label} ({address})"


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
