"""Whole imports into a real ledger."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from parley.portability.imports.folder import Folder
from parley.portability.imports.irc import read_irc
from parley.portability.imports.model import Author, Chat, Post, Source
from parley.portability.imports.people import NO_PASSWORD
from parley.portability.imports.run import Filled, Importer
from parley.portability.imports.slack import read_slack
from parley.portability.imports.survey import TooManyMembersError
from parley_protocol.ids import pair_cid
from storage.errors import NotFoundError
from tests.logs import GARDEN, ubuntu
from tests.unit.parley.portability.conftest import House
from tests.unit.parley.portability.imports.slack_export import write_folder


def bring(house: House, source: Source, **wishes: object) -> list[Filled]:
    importer = Importer(house.engine, house.ledger, **wishes)  # type: ignore[arg-type]
    return list(importer.carry_out(importer.plan(source)))


@pytest.fixture
def slack(tmp_path: Path) -> Source:
    return read_slack(Folder(write_folder(tmp_path / "export")))


def chat_of(names: list[str], *posts: Post, group: str = "Friends") -> Source:
    authors = {name: Author(name, name, (name,)) for name in names}
    return Source("whatsapp", [Chat(group, "group", group, lambda: iter(posts))], authors)


def test_a_slack_export(house: House, slack: Source) -> None:
    ada, grace = house.sign_up("ada"), house.sign_up("g.hopper")
    general, quiet, secret, pair_and_more, pair, alone = bring(house, slack)
    group = house.ledger.conversation(ada, general.cid)
    assert (group.name, {u: m.role for u, m in group.members.items()}) == (
        "general",
        {ada: "member", grace: "owner"},
    )
    log = house.log(grace, general.cid)
    assert [entry.type for entry in log] == [
        *["system", "text", "text", "text", "reaction", "reaction", "reaction"],
        *["text", "text", "text", "text", "edit"],
    ]
    assert [entry.stored_at for entry in log] == sorted(entry.stored_at for entry in log)
    answer = log[3]
    assert answer.reply_to == log[1].id
    assert (answer.stored_at, answer.sent_at) == (1425254400000, 1425254400000)
    assert [(e.sender, e.emoji, e.target) for e in log[4:6]] == [
        (grace, "👍🏼", answer.id),
        (house.accounts()["left"].uid, "👍🏼", answer.id),
    ]
    assert (log[-1].target, log[-1].stored_at) == (answer.id, 1425254460000)
    assert log[2].mentions == (ada,)
    assert (pair.cid, alone.cid) == (pair_cid(ada, grace), pair_cid(ada, ada))
    assert [entry.text for entry in house.log(ada, pair.cid)] == ["hi", "ho"]
    assert house.ledger.members([quiet.cid]) == {}
    assert (secret.stored, pair_and_more.stored, general.left_out) == (1, 1, 2)


def test_the_same_file_twice_stores_nothing_twice(house: House, slack: Source) -> None:
    first = bring(house, slack)
    accounts = house.accounts()
    assert [filled.stored for filled in bring(house, slack)] == [0] * len(first)
    assert house.accounts().keys() == accounts.keys()


def test_who_has_no_account_gets_one_that_nobody_can_use(house: House, slack: Source) -> None:
    bring(house, slack)
    accounts = house.accounts()
    assert accounts.keys() == {"ada", "g.hopper", "left", "builder"}
    assert {account.password_hash for account in accounts.values()} == {NO_PASSWORD}
    assert accounts["left"].display_name == "Left Long Ago"


def test_two_of_one_name_stay_two(house: House) -> None:
    source = chat_of(["José", "Jose"], Post("1", "José", 1, "a"), Post("2", "Jose", 2, "b"))
    for _ in range(2):
        bring(house, source)
        assert house.accounts().keys() == {"jose", "jose-2"}
    only_second = chat_of(["Jose"], Post("3", "Jose", 3, "c"))
    (filled,) = bring(house, only_second)
    second = house.accounts()["jose-2"].uid
    assert house.log(second, filled.cid)[-1].sender == second


def test_the_operator_says_who_is_who(house: House) -> None:
    ada, thief = house.sign_up("countess"), house.sign_up("ada")
    source = chat_of(["Ada", "Bob"], Post("1", "Ada", 1, "a"), Post("2", "Bob", 2, "b"))
    (filled,) = bring(house, source, chosen={"Ada": "countess"})
    assert house.log(ada, filled.cid)[1].sender == ada
    with pytest.raises(NotFoundError):
        house.log(thief, filled.cid)


@pytest.mark.parametrize("chosen", [{"Ada": "nobody"}, {"Nobody": "ada"}])
def test_a_choice_that_names_nobody(house: House, chosen: dict[str, str]) -> None:
    house.sign_up("ada")
    with pytest.raises(NotFoundError):
        bring(house, chat_of(["Ada"], Post("1", "Ada", 1, "a")), chosen=chosen)


def test_a_plan_changes_nothing(house: House, slack: Source) -> None:
    plan = Importer(house.engine, house.ledger).plan(slack)
    assert [found.posts for found in plan.surveys] == [7, 0, 1, 1, 2, 1]
    assert all(placed.is_new for placed in plan.people)
    assert house.accounts() == {}


def test_a_group_too_large_is_refused_before_anything_is_stored(house: House) -> None:
    names = [f"person {n}" for n in range(101)]
    source = chat_of(names, *(Post(name, name, n, "x") for n, name in enumerate(names)))
    with pytest.raises(TooManyMembersError, match=r"101 members.*--members 100"):
        bring(house, source)
    assert house.accounts() == {}
    (filled,) = bring(house, source, most_members=10)
    last = house.accounts()["person-100"].uid
    assert len(house.ledger.members([filled.cid])[filled.cid]) == 10
    assert len(house.log(last, filled.cid)) == 102


def test_who_can_log_in_owns_the_group(house: House) -> None:
    bob = house.sign_up("bob")
    source = chat_of(["Ada", "Bob"], Post("1", "Ada", 1, "a"), Post("2", "Bob", 2, "b"))
    (filled,) = bring(house, source)
    assert house.ledger.conversation(bob, filled.cid).members[bob].role == "owner"


def test_a_very_long_text_is_all_there(house: House) -> None:
    (filled,) = bring(house, chat_of(["Ada"], Post("1", "Ada", 1, "🦊" * 250_000)))
    log = house.log(house.accounts()["ada"].uid, filled.cid)
    assert [len(entry.text) for entry in log[1:]] == [100_000, 100_000, 50_000]


def test_real_logs(house: House) -> None:
    files = [(f"2004-11-14 {GARDEN.name}", GARDEN.read_bytes().decode())]
    files += [(file.name, file.read_bytes().decode()) for file in ubuntu()]
    source = read_irc(files, "#ubuntu", ZoneInfo("UTC"))
    (filled,) = bring(house, source, most_members=100)
    member = house.ledger.members([filled.cid])[filled.cid][0]
    log = house.log(member, filled.cid)
    assert [entry.seq for entry in log] == list(range(1, filled.stored + 2))
    assert [entry.stored_at for entry in log] == sorted(entry.stored_at for entry in log)
    posts = [post for post in source.chats[0].posts() if post is not None]
    assert [entry.text for entry in log[1:]] == [post.text for post in posts]
