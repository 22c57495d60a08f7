"""Snippets: the right piece, and the right places in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.query import parse
from storage.search.snippets import SNIPPET_MAX, snippet
from storage.search.words import words
from tests.unit.storage.search.texts import few_words, texts


def marked(text: str, query: str) -> str:
    """Show a snippet with its highlights in brackets."""
    found = snippet(text, parse(query))
    shown = found.text
    for start, end in reversed(found.highlights):
        shown = f"{shown[:start]}[{shown[start:end]}]{shown[end:]}"
    return shown


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Hello, hello world", "hello", "[Hello], [hello] world"),
        ("Hello, world", '"hello world"', "[Hello, world]"),
        ("unbelievable", "unb*", "[unbelievable]"),
        ("Crème brûlée", "brulee creme", "[Crème] [brûlée]"),
        ("cre\u0300me!", "creme", "[cre\u0300me]!"),
        ("明日東京タワーへ", "東京タワー", "明日[東京タワー]へ"),
        ("猫と犬と猫", "猫", "[猫]と犬と[猫]"),
        ("好きな猫の写真", "猫", "好きな[猫]の写真"),
        ("ｶﾞｶﾞ", "ガ", "[ｶﾞ][ｶﾞ]"),
        ("مـــحمد هنا", "محمد", "[مـــحمد] هنا"),
        ("don’t do it", "don't", "[don’t] do it"),
        ("👍🏽 fine", "👍", "[👍🏽] fine"),
        ("a b a b c", '"a b c" a', "[a] b [a b c]"),
        ("co\u00adop", "coop", "[co\u00adop]"),
    ],
)
def test_highlights(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


def test_a_long_text_is_cut_between_words_around_the_first_hit() -> None:
    text = "before " * 50 + "needle " + "after " * 50
    found = snippet(text, parse("needle"))
    assert text[found.start :].startswith(found.text)
    assert len(found.text) <= SNIPPET_MAX
    (start, end), *_ = found.highlights
    assert found.text[start:end] == "needle"
    assert set(found.text.split()) == {"before", "needle", "after"}


def test_a_long_text_without_spaces_is_cut_too() -> None:
    found = snippet("無" * 500 + "猫" + "無" * 500, parse("猫"))
    (start, end), *_ = found.highlights
    assert (found.text[start:end], len(found.text)) == ("猫", SNIPPET_MAX)


@given(text=texts, query=few_words, phrase=st.booleans())
def test_what_matches_is_highlighted_within_the_piece(
    *, text: str, query: list[str], phrase: bool
) -> None:
    asked = " ".join(query)
    if not words(asked):
        return
    patterns = parse(f'"{asked}"' if phrase else asked)
    found = snippet(text, patterns)
    assert text[found.start : found.start + len(found.text)] == found.text
    ends = [place for ranges in found.highlights for place in ranges]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(found.text) for place in ends)
    matching = any(pattern.matches(words(text)) for pattern in patterns)
    assert bool(found.highlights) == matching
