"""Names and texts from elsewhere keep to what Parley allows."""

import re
from itertools import islice

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.portability.imports.derived import derived
from parley.portability.imports.texts import clean, parts, shown
from parley_protocol import limits, rest
from parley_protocol.ids import is_id
from storage.names import account_name, alternatives

ANY_TEXT = st.text(st.characters(codec=None))


def is_account_name(name: str) -> bool:
    return msgspec.convert(name, rest.AccountName) == name


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("ada", "ada"),
        ("Ada Lovelace", "ada-lovelace"),
        ("José", "jose"),
        ("_away_|", "away"),
        ("g.hopper@navy", "g.hopper-navy"),
        ("x" * 40, "x" * 32),
    ],
)
def test_an_account_is_named_like_the_person(name: str, account: str) -> None:
    assert account_name(name) == account


@given(ANY_TEXT)
def test_every_name_gives_an_account_name_and_others_like_it(name: str) -> None:
    names = list(islice(alternatives(account_name(name)), 12))
    assert all(map(is_account_name, names))
    assert len(set(names)) == 12
    assert account_name(name) == names[0]


def test_other_scripts_do_not_all_become_one() -> None:
    names = {account_name(name) for name in ("Ольга", "Мария", "大家", "A", "B")}
    assert len(names) == 5


@given(ANY_TEXT)
def test_texts_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    if re.fullmatch(r"[^\0\ud800-\udfff]*", text):
        assert cleaned == text


@given(st.integers(0, 3), st.integers(-1, 1))
def test_very_long_texts_become_several(times: int, more: int) -> None:
    text = "🦊" * max(limits.TEXT_MAX * times + more, 0)
    cut = parts(text)
    assert "".join(cut) == text
    assert all(0 < len(part) <= limits.TEXT_MAX for part in cut)


@given(ANY_TEXT)
def test_names_can_be_shown(name: str) -> None:
    found = shown(name, "nobody")
    assert 1 <= len(found) <= limits.NAME_MAX
    assert found.strip()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", found)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=5, unique=True))
def test_ids_are_the_same_each_time(words: list[tuple[str, str]]) -> None:
    ids = [derived(*pair) for pair in words]
    assert all(map(is_id, ids))
    assert ids == [derived(*pair) for pair in words]
