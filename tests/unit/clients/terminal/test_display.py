"""How entries look, and that no message can steer the terminal."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.terminal.display import entry_line, harmless, hit_line
from parley_protocol import rest
from parley_protocol.payloads import Entry, SystemChange

_NAMES = {"a": "Ada", "b": "Bob"}


def line(**fields: Any) -> str:
    given = {"cid": "c", "seq": 1, "id": "i", "sender": "a", "device": "d", "sent_at": 1}
    entry = Entry(**{**given, "stored_at": 1_700_000_000_000, **fields})
    return entry_line(entry, lambda uid: _NAMES.get(uid, uid)).split(" ", 1)[1]


def changed(**fields: Any) -> str:
    return line(type="system", system=SystemChange(**fields))


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"text": "hello"}, "Ada: hello"),
        ({"text": "two\nlines"}, "Ada: two\n    lines"),
        ({"text": "/me waves"}, "* Ada waves"),
        ({"text": "/me waves", "partial": True}, "* Ada waves …"),
        ({"text": "long", "partial": True}, "Ada: long …"),
        ({"type": "edit", "target": "i", "text": "better"}, "Ada (corrected): better"),
        ({"type": "delete", "target": "i"}, "* Ada took a message back"),
        ({"type": "reaction", "target": "i", "emoji": "👍"}, "* Ada reacted with 👍"),
        ({"type": "file"}, "* Ada sent a file"),
    ],
)
def test_entries(fields: dict[str, Any], shown: str) -> None:
    assert line(**fields) == shown


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"action": "created", "name": "Tea", "uids": ("b",)}, "* Ada made the group “Tea”"),
        ({"action": "renamed", "name": "Mate"}, "* Ada named the group “Mate”"),
        ({"action": "added", "uids": ("b", "x")}, "* Ada added Bob, x"),
        ({"action": "removed", "uids": ("b",)}, "* Ada removed Bob"),
        ({"action": "left", "uids": ("a",)}, "* Ada left the group"),
        ({"action": "role", "uids": ("b",), "role": "admin"}, "* Ada made Bob admin"),
    ],
)
def test_changes(fields: dict[str, Any], shown: str) -> None:
    assert changed(**fields) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("\x7f", "␡"),
        ("\x9b2J", "<U+009B>2J"),
        ("abc\u202edef", "abc<U+202E>def"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("کتاب\u200cها", "کتاب\u200cها"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    left = set(harmless(text)) - set("\n\u200c\u200d")
    assert not [c for c in left if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}]


@pytest.mark.parametrize(
    ("start", "shown"),
    [(0, "Ada: <U+202E>the *cat* and *dog*s"), (9, "Ada: … <U+202E>the *cat* and *dog*s")],
)
def test_a_hit(start: int, shown: str) -> None:
    text = "\u202ethe cat and dogs"
    message = Entry(cid="c", seq=1, id="i", sender="a", sent_at=1, stored_at=0, text=text)
    snippet = rest.Snippet(text=text, start=start, highlights=[(5, 8), (13, 16)])
    hit = rest.Hit(message=message, edited=False, snippet=snippet)
    assert hit_line(hit, lambda uid: _NAMES[uid]).split(" ", 1)[1] == shown
