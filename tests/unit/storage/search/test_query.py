"""Queries: how they are read, and what they match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import QueryError
from storage.search.query import QUERY_MAX, TERMS_MAX, Pattern, parse
from storage.search.words import words
from tests.unit.storage.search.texts import any_text, few_words


def pattern(*found: str, prefix: bool = False) -> Pattern:
    return Pattern(found, prefix)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Hello  world", [pattern("hello"), pattern("world")]),
        ('"Hello World" x', [pattern("hello", "world"), pattern("x")]),
        ("don't", [pattern("don", "t")]),
        ("hel* x*y", [pattern("hel", prefix=True), pattern("x", prefix=True), pattern("y")]),
        ('"to be or n"*', [pattern("to", "be", "or", "n", prefix=True)]),
        ('say "no end', [pattern("say"), pattern("no", "end")]),
        ('a"b c"d', [pattern("a"), pattern("b", "c"), pattern("d")]),
        ("same Same SAME", [pattern("same")]),
        ("hello ?! *", [pattern("hello")]),
        ("猫", [pattern("猫", prefix=True)]),
        ("東京", [pattern("東京")]),
        ("東京タ*", [pattern("東京", "京タ")]),
        ('"猫 cat"', [pattern("猫", "cat")]),
        ('"the 猫 東京"', [pattern("the", "猫", "東京")]),
    ],
)
def test_parsing(query: str, expected: list[Pattern]) -> None:
    assert list(parse(query)) == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "no word"),
        ('  "" * ', "no word"),
        ("?!", "no word"),
        ("a" * (QUERY_MAX + 1), "256 characters"),
        (" ".join(str(n) for n in range(TERMS_MAX + 1)), "16 words"),
    ],
)
def test_what_cannot_be_looked_for(query: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        parse(query)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("hello", "oh, HELLO there", True),
        ("hell", "hello", False),
        ("hell*", "hello", True),
        ('"hello there"', "hello, there!", True),
        ('"hello there"', "there hello", False),
        ('"o there"', "hello there", False),
        ("don't", "don’t", True),
        ("東京", "明日東京へ", True),
        ("京都", "東京都", True),
        ("東都", "東京都", False),
        ("京", "東京", True),
        ("東京へ", "東京 へ", False),
        ('"東京 へ"', "東京 へ", True),
        ('"東 へ"', "東京 へ", False),
        ("한국", "한국어를", True),
        ("ไทย", "ภาษาไทยยาก", True),
        ("ёлка", "Елка", True),
        ("🎉", "yes!🎉🎉", True),
    ],
)
def test_matching(query: str, text: str, *, expected: bool) -> None:
    assert all(p.matches(words(text)) for p in parse(query)) == expected


@given(any_text, any_text, any_text)
def test_every_query_is_read_or_refused(before: str, text: str, after: str) -> None:
    try:
        patterns = parse(f'{before}"{text}"*{after}')
    except QueryError:
        return
    assert all(p.words and " " not in "".join(p.words) for p in patterns)


@given(few_words, st.data())
def test_a_piece_of_a_text_finds_it(text: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    piece = " ".join(text[start:end])
    if words(piece):
        assert all(p.matches(words(" ".join(text))) for p in parse(f'"{piece}"'))
