"""Every subscription that matches is found, and no other, whatever comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from broker.core.index import Grant, Index
from broker.core.message import field_of, make
from broker.core.retained import Retained
from broker.core.session import Session
from mqtt.filters import matches

_LEVELS = st.sampled_from(["a", "b", "", "$x"])
names = st.lists(_LEVELS, min_size=1, max_size=3).map("/".join).filter(bool)
filters = st.one_of(
    names,
    st.lists(_LEVELS | st.just("+"), min_size=1, max_size=3).map("/".join).filter(bool),
    st.lists(_LEVELS | st.just("+"), max_size=2).map(lambda found: "/".join([*found, "#"])),
)
changes = st.lists(st.tuples(st.booleans(), st.integers(0, 2), filters), max_size=25)


@given(changes, st.lists(names, min_size=1, max_size=5))
def test_routes_are_what_the_plain_rule_says(
    made: list[tuple[bool, int, str]], topics: list[str]
) -> None:
    index, sessions = Index(), [Session(str(number)) for number in range(3)]
    held: set[tuple[int, str]] = set()
    for is_added, number, topic_filter in made:
        if is_added:
            index.add(sessions[number], topic_filter, Grant(1))
            held.add((number, topic_filter))
        else:
            index.remove(sessions[number], topic_filter)
            held.discard((number, topic_filter))
        for topic in topics:
            field = field_of(topic)
            route = index.routes.get(field) or index.route(field)
            found = sorted(target.session.client_id for target in route.targets)
            wanted = {str(number) for number, wish in held if matches(wish, topic)}
            assert found == sorted(wanted)


def test_overlapping_subscriptions_are_served_once_with_the_best_qos() -> None:
    index, session = Index(), Session("a")
    index.add(session, "a/b", Grant(0, identifier=1))
    index.add(session, "a/+", Grant(2, identifier=2))
    (target,) = index.route(field_of("a/b")).targets
    assert (target.qos, sorted(target.ids)) == (2, [1, 2])


def test_a_share_takes_turns() -> None:
    index, sessions = Index(), [Session(str(number)) for number in range(3)]
    for session in sessions:
        index.add(session, "$share/g/a", Grant(1))
    (share,) = index.route(field_of("a")).shares
    chosen = [share.choose() for _ in range(6)]
    assert sorted(found.session.client_id for found in chosen if found) == list("001122")
    for session in sessions:
        index.remove(session, "$share/g/a")
    assert not index.route(field_of("a")).shares


@given(st.lists(st.tuples(names, st.sampled_from([b"", b"x", b"y"])), max_size=20), filters)
def test_retained_messages_are_what_the_plain_rule_says(
    kept: list[tuple[str, bytes]], topic_filter: str
) -> None:
    retained, wanted = Retained(), dict[str, bytes]()
    for topic, payload in kept:
        retained.keep(make(field_of(topic), payload, 1, 0, retain=True))
        wanted[topic] = payload
    alive = {topic: payload for topic, payload in wanted.items() if payload}
    assert retained.count == len(alive)
    found = {message.topic: message.payload for message in retained.find(topic_filter, 1)}
    assert found == {t: payload for t, payload in alive.items() if matches(topic_filter, t)}
