"""Words: what counts as the same in each script, and where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.words import INDEXED_MAX, WORD_MAX, located, words
from tests.unit.storage.search.texts import any_text, texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World! It's me", "hello world it s me"),
        ("Crème BRÛLÉE, naïve", "creme brulee naive"),
        ("Straße ﬁne ＡＢＣ x²", "strasse fine abc x2"),
        ("İstanbul", "istanbul"),
        ("Ελληνικά ΣΊΣΥΦΟΣ", "ελληνικα σισυφοσ"),
        ("Ёлка, Елка", "елка елка"),
        ("שָׁלוֹם שלום", "שלום שלום"),
        ("العَرَبِيَّة العربية مـــحمد أحمد", "العربية العربية محمد احمد"),
        ("हिन्दी में", "हिन्दी में"),
        ("ก็ดี", "ก็ดี ดี"),
        ("東京タワー", "東京 京タ タワ ワー ー"),
        ("ﾄｳｷｮｳ", "トウ ウキ キョ ョウ ウ"),
        ("がｶﾞ", "がガ ガ"),
        ("한국어 말", "한국 국어 어 말"),
        ("猫とcat3匹", "猫と と cat3 匹"),
        ("well 👍🏽done 🎉🎉", "well 👍 done 🎉 🎉"),
        ("co\u00adop zero\u200bwidth \u2068isolated\u2069", "coop zero width isolated"),
        ("snake_case e-mail a.b", "snake case e mail a b"),
        ("?! … —", ""),
        ("", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("form", ["한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"])
def test_composed_or_not_is_the_same(form: str) -> None:
    assert words(form) == "한국 국"


def test_of_a_long_word_the_beginning_counts() -> None:
    assert words("a" * 100 + " b") == "a" * WORD_MAX + " b"


def test_of_the_longest_texts_the_beginning_counts() -> None:
    assert words("ab " * 33_000).count("ab") == 33_000
    found = words("猫" * 100_000)
    assert INDEXED_MAX - 3 <= len(found) <= INDEXED_MAX
    assert set(found.split(" ")) == {"猫猫"}


@given(texts | any_text)
def test_located_words_are_the_words_in_order_within_the_text(text: str) -> None:
    found = list(located(text))
    assert " ".join(word.text for word in found) == words(text)
    for word in found:
        assert 0 <= word.start < word.first_end <= word.end <= len(text)
    starts = [word.start for word in found]
    assert starts == sorted(starts)


@given(st.lists(any_text, max_size=4))
def test_spaces_keep_texts_apart(parts: list[str]) -> None:
    assert words(" ".join(parts)).split() == [
        word for part in parts for word in words(part).split()
    ]
