"""The words of a text in any script, as every store indexes them. Pure.

A word is a run of letters and digits (after UAX #29), folded: compatible forms are one
(NFKC, UAX #15), case and accents do not count. Scripts that are written without spaces, and
Korean with its endings, are cut into overlapping pairs of characters, and the last one alone:
so every character begins a word, and a run of them is found as a phrase. An emoji is a word.
"""

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

WORD_MAX = 64
"""Characters of a word that count."""

INDEXED_MAX = 150_000
"""Characters of a text's words, joined, that are indexed: all but the longest Chinese texts."""

_DENSE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1100-\u11ff\uac00-\ud7ff"  # Hangul
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u312f\u31f0-\u31ff"  # radicals, kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"  # Han
)
_ANY_DENSE = re.compile(f"[{_DENSE}]")
_RUN = re.compile(f"(?P<dense>[{_DENSE}]+)|[^ {_DENSE}]+")
_CHUNK = re.compile(r"\S+")
_TATWEEL = "\u0640"
_ZERO_WIDTH_SPACE = "\u200b"
_JAMO_VOWELS_AND_FINALS = range(0x1160, 0x1200)
_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_GRAPHEME_JOINER = 0x034F
_ACCENTS = frozenset({1, *range(10, 37), *range(200, 241)})
"""Classes of marks (UAX #44): overlays; points of Hebrew, Arabic and Syriac; and the accents of
Latin, Greek and Cyrillic."""


class Word(Struct, frozen=True):
    """A word, and where it stands in the text: its characters from ``start`` to ``end``.

    ``first_end`` is the end of a pair's first character; elsewhere it is ``end``.
    """

    text: str
    start: int
    end: int
    first_end: int


def words(text: str) -> str:
    """Give a text's words, each followed by a space but the last; see ``INDEXED_MAX``."""
    joined = _join(_fold(text))
    if len(joined) <= INDEXED_MAX:
        return joined
    return joined[: INDEXED_MAX + 1].rpartition(" ")[0]


def located(text: str) -> Iterator[Word]:
    """Find where a text's words stand, in their order."""
    for chunk in _CHUNK.finditer(text):
        folded, starts, ends = _fold_with_places(chunk.group(), chunk.start())
        for word, at, first, to in _cut(folded):
            yield Word(word, starts[at], ends[to - 1], ends[first - 1])


def is_dense(word: str) -> bool:
    """Tell whether a word is of a script that is cut into pairs of characters."""
    return _ANY_DENSE.match(word) is not None


def _join(folded: str) -> str:
    if _ANY_DENSE.search(folded) is None:
        return " ".join([word[:WORD_MAX] for word in folded.split()])
    return " ".join([word for word, *_ in _cut(folded)])


def _cut(folded: str) -> Iterator[tuple[str, int, int, int]]:
    """Give words with the places where they, and the first character of a pair, begin and end."""
    for run in _RUN.finditer(folded):
        if not run["dense"]:
            yield run.group()[:WORD_MAX], run.start(), run.end(), run.end()
            continue
        cuts = [run.start() + at for at in _character_starts(run.group())]
        for start, end, following in zip(cuts, cuts[1:], [*cuts[2:], cuts[-1]], strict=False):
            yield folded[start:following][:WORD_MAX], start, end, following


def _character_starts(run: str) -> list[int]:
    """Give where the characters of a run begin, each with its marks, and the run's end."""
    starts = [at for at, c in enumerate(run) if at == 0 or unicodedata.category(c)[0] != "M"]
    return [*starts, len(run)]


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        return unicodedata.normalize("NFC", text.translate(_FOLDING))
    return text.translate(_FOLDING)


def _fold_with_places(chunk: str, offset: int) -> tuple[str, list[int], list[int]]:
    """Fold a chunk piece by piece, and say from where to where each character's piece reaches."""
    pieces = [at for at, c in enumerate(chunk) if at == 0 or not _MELTING[ord(c)]]
    folded, starts, ends = [], [], []
    for start, end in zip(pieces, [*pieces[1:], len(chunk)], strict=True):
        piece = _fold(chunk[start:end])
        folded.append(piece)
        starts += [offset + start] * len(piece)
        ends += [offset + end] * len(piece)
    return "".join(folded), starts, ends


class _Folding(dict[int, str]):
    """What becomes of a character of a decomposed text; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


class _Melting(dict[int, bool]):
    """Whether a character may become one with those before it; filled as characters are met."""

    def __missing__(self, code: int) -> bool:
        first = unicodedata.normalize("NFKD", chr(code))[0]
        vanishes = not _FOLDING[ord(first)]
        is_mark = unicodedata.category(first)[0] == "M"
        self[code] = melts = vanishes or is_mark or ord(first) in _JAMO_VOWELS_AND_FINALS
        return melts


_FOLDING = _Folding()
_MELTING = _Melting()


def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    if character == _ZERO_WIDTH_SPACE:
        return " "
    if category == "Cf" or character == _TATWEEL or _is_accent(character):
        return ""
    if category[0] in "LN":
        return character.casefold()
    if category[0] == "M":
        return character
    return f" {character} " if category == "So" else " "


def _is_accent(character: str) -> bool:
    """Tell whether a mark can be left out: vowel signs of Indic and Thai cannot."""
    code = ord(character)
    return (
        unicodedata.combining(character) in _ACCENTS
        or unicodedata.category(character) == "Me"
        or code == _GRAPHEME_JOINER
        or any(code in variants for variants in (*_SELECTORS, _SKIN_TONES))
    )
