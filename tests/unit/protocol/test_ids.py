"""Ids, and the time that is in them."""

from hypothesis import given
from hypothesis import strategies as st

from parley_protocol.ids import is_id, made_at, new_id


def test_a_new_id_tells_when_it_was_made() -> None:
    first, second = new_id(), new_id()
    assert is_id(first)
    made = [made_at(first) or 0, made_at(second) or 0]
    assert made == sorted(made)
    assert made[0] > 1_700_000_000_000


@given(st.uuids(version=4) | st.uuids(version=5) | st.uuids(version=1))
def test_other_ids_tell_nothing(other: object) -> None:
    assert made_at(str(other).replace("-", "")) is None


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.6."""
    assert made_at("017f22e279b07cc398c4dc0c0c07398f") == 0x017F22E279B0
