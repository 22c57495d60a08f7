"""What somebody looks for: words, "quoted phrases" and beginnings*, all of which must be there."""

import re

from msgspec import Struct

from storage.errors import QueryError
from storage.search.words import is_dense, words

QUERY_MAX = 256
"""Characters of a query."""

TERMS_MAX = 16
"""Words and phrases of a query."""

_TERM = re.compile(r'"(?P<phrase>[^"]*)"?(?P<begins>\*?)|(?P<word>[^\s"*]+)(?P<starts>\*?)')


class Pattern(Struct, frozen=True):
    """Words that follow each other; of the last, where ``prefix`` is set, just the beginning."""

    words: tuple[str, ...]
    prefix: bool

    @property
    def needle(self) -> str:
        """What the words of a text contain, with a space before and behind, where it matches."""
        return f" {' '.join(self.words)}{'' if self.prefix else ' '}"

    def matches(self, words_: str) -> bool:
        """Tell whether a text matches of which these are the words."""
        return self.needle in f" {words_} "


Query = tuple[Pattern, ...]


def parse(query: str) -> Query:
    """Read a query. A quotation mark that is not closed reaches to the end.

    Raises:
        QueryError: it holds no word, or is too long.
    """
    if len(query) > QUERY_MAX:
        raise QueryError(f"a query has at most {QUERY_MAX} characters")
    terms = [_pattern(term) for term in _TERM.finditer(query)]
    patterns = tuple(dict.fromkeys(pattern for pattern in terms if pattern.words))
    if not patterns:
        raise QueryError("the query holds no word to look for")
    if len(patterns) > TERMS_MAX:
        raise QueryError(f"a query has at most {TERMS_MAX} words and phrases")
    return patterns


def _pattern(term: re.Match[str]) -> Pattern:
    found = words(term["phrase"] or term["word"] or "").split()
    prefix = bool(term["begins"] or term["starts"])
    if not found or not is_dense(found[-1]):
        return Pattern(tuple(found), prefix)
    # Where a run of such a script ends in the query, it may go on in the text: then its last
    # character does not stand alone there, but begins a pair.
    *before, last = found
    ends_pair = bool(before) and before[-1] != last and before[-1].endswith(last)
    return Pattern(tuple(before), prefix=False) if ends_pair else Pattern(tuple(found), prefix=True)
