"""The piece of a text in which something was found, and where in it. Pure."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from storage.search.query import Pattern, Query
from storage.search.words import Word, is_dense, located

SNIPPET_MAX = 160
"""Characters of a snippet."""

_LEAD = 40
"""Characters before the first thing found."""

Range = tuple[int, int]


class Snippet(Struct, frozen=True):
    """A piece of a text, which begins at ``start``; ``highlights`` are places within the piece.

    Places count characters (Unicode code points); a range ends before its second number.
    """

    text: str
    start: int
    highlights: tuple[Range, ...]


def snippet(text: str, query: Query) -> Snippet:
    """Cut out where the first of a query is found."""
    found = _merge(_ranges(list(located(text)), query))
    start, end = _window(text, found[0] if found else (0, 0))
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in found if a < end]
    return Snippet(text[start:end], start, tuple(inside))


def _ranges(found: Sequence[Word], query: Query) -> Iterator[Range]:
    for pattern in query:
        length = len(pattern.words)
        for at in range(len(found) - length + 1):
            if found[at].text.startswith(pattern.words[0]):
                reached = _end(pattern, found[at : at + length])
                if reached is not None:
                    yield found[at].start, reached


def _end(pattern: Pattern, found: Sequence[Word]) -> int | None:
    """Give where a match ends, or ``None`` where there is none."""
    *whole, last = pattern.words
    if [word.text for word in found[:-1]] != whole:
        return None
    if not pattern.prefix:
        return found[-1].end if found[-1].text == last else None
    if not found[-1].text.startswith(last):
        return None
    return found[-1].first_end if is_dense(last) else found[-1].end


def _merge(ranges: Iterator[Range]) -> list[Range]:
    """Sort ranges, and make one of those that overlap."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _window(text: str, first: Range) -> Range:
    """Choose from where to where a text is shown: whole words, where it has spaces."""
    start = max(0, first[0] - _LEAD)
    if start > 0:
        start += len(text[start : first[0]]) - len(text[start : first[0]].partition(" ")[2])
        start = min(start, first[0])
    end = min(len(text), start + SNIPPET_MAX)
    if end < len(text):
        last_space = text.rfind(" ", min(first[1], end), end)
        end = last_space if last_space > 0 else end
    return start, end
