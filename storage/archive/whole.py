"""Everything that an archive holds of conversations, read from one end to the other."""

from collections.abc import Iterator, Mapping
from itertools import islice

from parley_protocol.payloads import Entry
from storage.archive.archive import Archive
from storage.archive.mover import blocks
from storage.errors import UnavailableError
from storage.unit import Spans

_BLOCK = 10_000
_CONVERSATIONS = 100
"""Conversations that one question is about: its text has a bound."""


def whole(archive: Archive, archived: Mapping[str, int]) -> Iterator[Entry]:
    """Give the entries of conversations, each from the first up to a seq.

    Raises:
        UnavailableError: the archive does not answer, or lacks one of them.
    """
    spans = {cid: range(1, last + 1) for cid, last in archived.items()}
    for block in blocks(spans, _BLOCK):
        for some in _some(block):
            found = archive.entries(some)
            for cid, span in some.items():
                entries = found.get(cid, [])
                if [entry.seq for entry in entries] != list(span):
                    raise UnavailableError(f"the archive lacks messages of conversation {cid}")
                yield from entries


def _some(spans: Spans) -> Iterator[Spans]:
    items = iter(spans.items())
    while part := dict(islice(items, _CONVERSATIONS)):
        yield part
