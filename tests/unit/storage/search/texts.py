"""Texts in many scripts, for tests of search."""

from hypothesis import strategies as st

_ALPHABETS = [
    "abAB",
    "éÈoø\u0301ßIıİ",
    "еёЕЙйи",
    "אב\u05b7ג",
    "ابأإ\u064e\u0640ي",
    "कखि\u094d\u093cी",
    "กเที่ย\u0e49",
    "猫東京タワー\u3099ｶﾞ",
    "한국\u1112\u1161\u11abㅋ어",
    "🎉👍🏽\u200d\ufe0f",
    "12٣² _-'.",
    "\u00ad\u200b\u200c\u200f",
]
_CHARACTERS = st.one_of([st.sampled_from(alphabet) for alphabet in _ALPHABETS])
few_words = st.lists(st.text(_CHARACTERS, min_size=1, max_size=4), min_size=1, max_size=5)
"""Short words of few letters each, so that they meet again."""

texts = few_words.map(" ".join) | st.text(_CHARACTERS, min_size=1, max_size=12)
"""Texts of such words, with and without spaces."""

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
"""Any text at all that a message can have."""
