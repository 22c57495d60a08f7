"""Whatever order entries come in, each is shown once and in order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley_client.ordering import Need, Page, Sequencer, Start, Whole
from parley_protocol.payloads import Entry
from tests.unit.clients.python.cases import cases


def entry(cid: str, seq: int, *, partial: bool = False) -> Entry:
    return Entry(
        cid=cid,
        seq=seq,
        id=f"{cid}{seq}",
        sender="ada",
        device="phone",
        sent_at=1,
        stored_at=1,
        text="x",
        partial=partial,
    )


def plain(need: Need | None) -> object:
    match need:
        case Start():
            return "start"
        case Page(after):
            return {"page": after}
        case Whole(seq):
            return {"whole": seq}
    return None


def apply(sequencer: Sequencer, step: dict[str, Any]) -> tuple[str, list[Entry]]:
    if "offer" in step:
        return step["offer"]["cid"], sequencer.offer(entry(**step["offer"]))
    if "start" in step:
        return step["start"]["cid"], sequencer.start(**step["start"])
    sequencer.forget(step["forget"])
    return step["forget"], []


@cases("ordering")
def test_the_table(case: dict[str, Any]) -> None:
    sequencer = Sequencer(case["cursors"])
    for step in case["steps"]:
        cid, shown = apply(sequencer, step)
        assert [found.seq for found in shown] == step["shown"]
        assert plain(sequencer.need(cid)) == step["need"]
    assert sequencer.cursors == case["end"]


@given(
    cursor=st.integers(0, 5),
    arrivals=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=40),
)
def test_any_order_with_repeats_and_losses_is_mended(
    cursor: int, arrivals: list[tuple[int, bool]]
) -> None:
    """Fetching what ``need`` asks for, after any arrivals, shows all up to the newest, once."""
    sequencer = Sequencer({"a": cursor})
    shown: list[Entry] = []
    for seq, partial in arrivals:
        shown += sequencer.offer(entry("a", seq, partial=partial))
    while need := sequencer.need("a"):
        seq = need.seq if isinstance(need, Whole) else sequencer.cursors["a"] + 1
        shown += sequencer.offer(entry("a", seq))
    newest = max([cursor, *(seq for seq, _ in arrivals)])
    assert [found.seq for found in shown] == list(range(cursor + 1, newest + 1))
    assert not any(found.partial for found in shown)
