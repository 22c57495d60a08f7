"""What is exported is all of it, can be read, and does nothing but be read."""

import json
import stat
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.portability.export.files import FolderError
from parley.portability.export.pages import file_name, page_count
from parley.portability.export.run import export_conversation, export_person
from parley.portability.export.view import readable
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Entry, Message
from storage.errors import NotFoundError
from storage.model import Draft
from tests.unit.parley.portability.conftest import House

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><b onmouseover='alert(1)'>",
    "</p></article></body><iframe src=javascript:alert(1)>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#60;b&#62;",
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% for x in y %} {# hidden #}",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "\u202emirrored\u202c \u2066x\u2069 \u200f",
    "a\x00b\x08c\x1b[31m\x7f\x85",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "`${alert(1)}`",
    "<plaintext>",
]
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "bdi", "b", "time"),
    *("small", "article", "blockquote", "a", "div", "nav", "footer", "ul", "li"),
}


class Page(HTMLParser):
    """A page as a browser's parser sees it."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.paragraphs: list[str] = []
        self.names: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(path.read_bytes().decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag != "meta":
            self._open.append(tag)
        if (tag, ("dir", "auto")) == ("p", next(iter(attrs), None)):
            self.paragraphs.append("")
        if self._open[-2:] == ["b", "bdi"]:
            self.names.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._open[-1:] == ["p"] and self.paragraphs:
            self.paragraphs[-1] += data
        if self._open[-2:] == ["b", "bdi"]:
            self.names[-1] += data

    def is_harmless(self) -> bool:
        events = [name for name in self.attributes if name.startswith("on") or name == "style"]
        targets = [
            link for link in self.links if not link.startswith(("messages", "conversations"))
        ]
        return not (self.tags.keys() - ALLOWED or events or targets or self.attributes & {"src"})


class Talk:
    """Two people and their conversation."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self.ada, self.bob = house.sign_up("ada", "Ada L"), house.sign_up("bob")
        self.cid = pair_cid(self.ada, self.bob)

    def say(self, text: str, sender: str = "", **fields: object) -> str:
        message = {"id": new_id(), "sent_at": 1, "text": text} | fields
        who = sender or self.ada
        peer = self.bob if who == self.ada else self.ada
        draft = Draft(who, new_id(), "dm", peer, Message(**message))  # type: ignore[arg-type]
        self.house.ledger.commit([draft], now=1_700_000_000_000)
        return draft.message.id

    def export(self, *, overwrite: bool = False) -> Page:
        export_conversation(self.house.place, self.cid, self.folder, overwrite=overwrite)
        return Page(self.folder / "messages.html")


@pytest.fixture
def talk(house: House, tmp_path: Path) -> Talk:
    return Talk(house, tmp_path / "export")


def test_each_entry_is_a_line_as_on_the_wire(talk: Talk) -> None:
    first = talk.say("one\ntwo \u2028 🦊")
    talk.say("again", talk.bob, reply_to=first, mentions=(talk.ada,))
    talk.say("", talk.bob, type="reaction", target=first, emoji="👍")
    talk.export()
    lines = (talk.folder / "messages.jsonl").read_bytes().removesuffix(b"\n").split(b"\n")
    log = talk.house.log(talk.ada, talk.cid)
    assert [msgspec.json.decode(line, type=Entry) for line in lines] == log
    assert json.loads(lines[0])["kind"] == "message"


def test_what_was_done_to_a_message_is_shown_with_it(talk: Talk) -> None:
    edited, deleted, plain = talk.say("frist"), talk.say("a secret"), talk.say("plain")
    talk.say("first", type="edit", target=edited)
    talk.say("", type="delete", target=deleted)
    talk.say("", talk.bob, type="reaction", target=plain, emoji="👍")
    taken_back = talk.say("", talk.bob, type="reaction", target=plain, emoji="👎")
    talk.say("", talk.bob, type="delete", target=taken_back)
    for answered in (edited, deleted, plain, new_id()):
        talk.say("answer", talk.bob, reply_to=answered)
    page = talk.export()
    assert page.paragraphs == ["first", "plain", *["answer"] * 4]
    for gone in ("frist", "a secret", "👎"):
        assert gone not in page.words
    for there in ("edited 2023-11-14 22:13", "deleted by Ada L (ada)", "👍 bob", "2023-11-14"):
        assert there in page.words
    assert "a message that is not there" in page.words
    assert page.links == [f"messages.html#m{one}" for one in (edited, deleted, plain)]
    assert b"a secret" in (talk.folder / "messages.jsonl").read_bytes()


def test_a_long_text_is_whole(talk: Talk) -> None:
    talk.say("🦊" * 100_000)
    assert talk.export().paragraphs == ["🦊" * 100_000]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_in_texts_are_text(talk: Talk, attack: str) -> None:
    text = attack.replace("\0", "")
    first = talk.say(text)
    talk.say("answer", talk.bob, reply_to=first)
    talk.say("", talk.bob, type="reaction", target=first, emoji=text[:32])
    page = talk.export()
    assert page.is_harmless(), page.tags
    assert page.paragraphs[0] == readable(text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_in_names_are_names(house: House, tmp_path: Path, attack: str) -> None:
    name = attack.replace("\0", "")[:64]
    ada, _ = house.sign_up("ada", name), house.sign_up("bob", name)
    group = house.ledger.create_group(ada, name, [], now=1)
    house.ledger.rename(ada, group.cid, name + "!", now=2)
    export_person(house.place, "ada", tmp_path / "out", overwrite=False)
    for file in (tmp_path / "out").rglob("*.html"):
        page = Page(file)
        assert page.is_harmless(), page.tags
        assert readable(name) in page.words


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(min_size=1, max_size=50).filter(lambda text: "\0" not in text))
def test_any_text_is_read_as_it_was_said(talk: Talk, text: str) -> None:
    talk.say(text)
    page = talk.export(overwrite=True)
    assert page.is_harmless()
    assert page.paragraphs[-1] == readable(text)


def test_many_messages_become_several_pages(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parley.portability.export.run.PER_PAGE", 3)
    monkeypatch.setattr("parley.portability.export.pages.PER_PAGE", 3)
    first = talk.say("0")
    for number in range(1, 7):
        talk.say(str(number), reply_to=first)
    talk.export()
    pages = [Page(talk.folder / file_name(number)) for number in range(3)]
    assert [page.paragraphs for page in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert pages[2].links == [f"messages.html#m{first}", "messages-2.html"]
    assert (page_count(0), page_count(3), page_count(4)) == (1, 1, 2)


def test_a_persons_own_data(house: House, tmp_path: Path) -> None:
    ada, bob, eve = (house.sign_up(name) for name in ("ada", "bob", "eve"))
    house.open_session(ada, "phone")
    mine = house.ledger.create_group(ada, "Mine", [bob], now=1)
    theirs = house.ledger.create_group(eve, "Theirs", [bob], now=1)
    assert export_person(house.place, "ada", tmp_path / "out", overwrite=False) == 1
    account = json.loads((tmp_path / "out" / "account.json").read_bytes())
    assert account["account"]["uid"] == ada
    assert [session["device_name"] for session in account["sessions"]] == ["phone"]
    (line,) = (tmp_path / "out" / "conversations.jsonl").read_text().splitlines()
    assert (json.loads(line)["cid"], len(json.loads(line)["members"])) == (mine.cid, 2)
    everything = "".join(f.read_text() for f in (tmp_path / "out").rglob("*") if f.is_file())
    for secret in ("some hash", "a refresh hash", theirs.cid, "Theirs"):
        assert secret not in everything


def test_a_group_that_everybody_has_left(house: House, tmp_path: Path) -> None:
    ada = house.sign_up("ada")
    cid = house.ledger.create_group(ada, "Gone", [], now=1).cid
    message = Message(id=new_id(), sent_at=1, text="the last word")
    house.ledger.commit([Draft(ada, new_id(), "group", cid, message)], now=2)
    house.ledger.remove_member(ada, cid, ada, now=3)
    assert export_conversation(house.place, cid, tmp_path / "out", overwrite=False) == 3
    log = (tmp_path / "out" / "messages.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Entry).seq for line in log] == [1, 2, 3]
    assert "the last word" in (tmp_path / "out" / "messages.html").read_text()


def test_nobody_else_can_read_it(talk: Talk) -> None:
    talk.say("private")
    talk.export()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (talk.folder, *talk.folder.iterdir())}
    assert modes == {0o700, 0o600}


def test_a_folder_that_is_not_empty_is_left_alone(talk: Talk) -> None:
    talk.say("one")
    talk.folder.mkdir()
    (talk.folder / "messages.html").write_text("mine")
    with pytest.raises(FolderError, match="not empty"):
        talk.export()
    assert (talk.folder / "messages.html").read_text() == "mine"
    assert talk.export(overwrite=True).paragraphs == ["one"]


def test_what_is_not_there(house: House, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        export_person(house.place, "nobody", tmp_path / "out", overwrite=False)
    with pytest.raises(NotFoundError):
        export_conversation(house.place, new_id(), tmp_path / "out", overwrite=False)
    assert not (tmp_path / "out").exists()
