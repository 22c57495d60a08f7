"""Slack exports: what is in them comes out, whatever way they are packed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.portability.imports.folder import Folder
from parley.portability.imports.model import Chat, Post, Reaction, Source, UnreadableError
from parley.portability.imports.slack import read_slack
from parley.portability.imports.slack_text import emojis, readable
from tests.unit.parley.portability.imports.slack_export import (
    EXPORT,
    said,
    write_folder,
    write_zip,
)

NAMES = {"U1": "Ada <L>", "U2": "Grace"}
CHANNELS = {"C1": "general"}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return read_slack(Folder(write_folder(tmp_path / "export")))


def posts(chat: Chat) -> list[Post]:
    return [post for post in chat.posts() if post is not None]


def test_every_conversation_is_found(source: Source) -> None:
    found = [(c.key, c.type, c.name, c.members, c.owner) for c in source.chats]
    assert found == [
        ("C1", "group", "general", ("U1", "U2"), "U2"),
        ("C2", "group", "quiet", ("U1",), "U1"),
        ("G1", "group", "secret", ("U1", "U2"), None),
        ("M1", "group", "Ada L, Grace & Co", ("U1", "U2"), None),
        ("D1", "dm", "", ("U1", "U2"), None),
        ("D2", "dm", "", ("U1",), None),
    ]
    assert [[post.text for post in posts(chat)] for chat in source.chats[1:]] == [
        [],
        ["psst"],
        ["us three"],
        ["hi", "ho"],
        ["note to myself"],
    ]


def test_people_are_named_as_they_were_shown(source: Source) -> None:
    found = [(a.key, a.name, a.accounts) for a in source.authors.values()]
    assert found == [
        ("U1", "Ada L", ("ada", "ada.l", "Ada L")),
        ("U2", "Grace & Co", ("g.hopper", "Grace & Co")),
        ("U3", "Left Long Ago", ("left", "Left Long Ago")),
    ]


def test_a_channel(source: Source) -> None:
    found = posts(source.chats[0])
    assert [(post.at, post.author, post.text) for post in found] == [
        (1425168001000, "U3", "First the page (https://a.example/?x=1&y)"),
        (1425168002000, "U2", "A <b> & @Ada L, see #quiet 🎉"),
        (1425254400000, "U1", "Answer"),
        (1425254401000, "U1", "[file: plan.pdf]\n[file: without a name]"),
        (1425254402000, "U2", "/me waves"),
        (1425254403000, "B1", "Build passed (https://ci.example)"),
        (1425254405000, "U1", "to a lost thread"),
    ]
    assert source.authors["B1"].name == "Builder"
    assert found[1].mentions == ("U1",)
    answer, lost = found[2], found[-1]
    assert (answer.reply_to, answer.edited_at) == (found[0].key, 1425254460000)
    assert answer.reactions == (
        Reaction("U2", "👍🏼"),
        Reaction("U3", "👍🏼"),
        Reaction("U1", ":partyparrot:"),
    )
    assert lost.reply_to is None


def test_what_is_no_message_is_counted(source: Source) -> None:
    assert list(source.chats[0].posts()).count(None) == 2


@pytest.mark.parametrize("within", ["", "Team export/"])
def test_packed_it_is_the_same(source: Source, tmp_path: Path, within: str) -> None:
    packed = read_slack(Folder(write_zip(tmp_path / "export.zip", within=within)))
    assert [posts(chat) for chat in packed.chats] == [posts(chat) for chat in source.chats]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"users.json": None}, "users.json"),
        ({"users.json": [{"name": "no id"}]}, "id"),
        ({"general/2015-03-01.json": [{"text": "no time"}]}, "2015-03-01.json"),
        ({"general/2015-03-01.json": [said("soon", "U1", "x")]}, "soon"),
    ],
)
def test_broken_exports(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    files = {name: content for name, content in (EXPORT | change).items() if content is not None}
    folder = Folder(write_folder(tmp_path, files))
    with pytest.raises(UnreadableError, match=words) as caught:
        list(read_slack(folder).chats[0].posts())
    assert "\n" not in str(caught.value)


def test_what_is_no_zip_file(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_text("no")
    with pytest.raises(UnreadableError, match="neither a folder nor a ZIP file"):
        Folder(path)


@pytest.mark.parametrize(
    ("text", "shown", "mentions"),
    [
        ("plain", "plain", ()),
        ("&amp;lt; &lt;&gt;", "&lt; <>", ()),
        ("<@U1> <@U2|g> <@U1> <@U9|who> <@U8>", "@Ada <L> @Grace @Ada <L> @who @U8", ("U1", "U2")),
        ("<#C1> <#C1|> <#C9|old> <#C8>", "#general #general #old #C8", ()),
        ("<!here> <!channel|channel> <!subteam^S1|@ops>", "@here channel @ops", ()),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18", ()),
        ("<https://a.example/?a&amp;b>", "https://a.example/?a&b", ()),
        ("<http://a.example|a.example>", "http://a.example", ()),
        ("<mailto:a@b.example|a@b.example>", "a@b.example", ()),
        (":wave::skin-tone-5: 10:30:45 :nothing_such:", "👋🏾 10:30:45 :nothing_such:", ()),
    ],
)
def test_texts(text: str, shown: str, mentions: tuple[str, ...]) -> None:
    assert readable(text, NAMES, CHANNELS) == (shown, mentions)


@given(st.text())
def test_any_escaped_text_comes_back(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert readable(escaped, {}, {}) == (emojis(text), ())


@given(st.text(alphabet="<>&;|@#!^:ab \n"))
def test_no_text_is_too_broken(text: str) -> None:
    shown, mentions = readable(text, NAMES, CHANNELS)
    assert isinstance(shown, str)
    assert set(mentions) <= set(NAMES)
