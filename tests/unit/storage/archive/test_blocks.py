"""Cutting what is moved into blocks."""

from hypothesis import given
from hypothesis import strategies as st

from storage.archive.mover import blocks


@given(
    sizes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
    size=st.integers(1, 20),
)
def test_blocks_are_the_spans_in_order(sizes: list[tuple[int, int]], size: int) -> None:
    spans = {str(n): range(start, start + length) for n, (start, length) in enumerate(sizes)}
    cut = list(blocks(spans, size))
    places = [(cid, seq) for block in cut for cid, span in block.items() for seq in span]
    assert places == [(cid, seq) for cid, span in spans.items() for seq in span]
    assert all(sum(map(len, block.values())) == size for block in cut[:-1])
