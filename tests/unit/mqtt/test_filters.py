"""Topic names and filters, by the standard's own examples (section 4.7)."""

import pytest

from mqtt.errors import PacketError
from mqtt.filters import is_topic_name, matches, require_filter, split_share

S = "sport/tennis/player1"


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matched"),
    [
        (f"{S}/#", S, True),
        (f"{S}/#", f"{S}/ranking", True),
        (f"{S}/#", f"{S}/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "a/b", True),
        ("sport/tennis/+", S, True),
        ("sport/tennis/+", f"{S}/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+", "finance", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/a", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor/Clients", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("a/b", "a/b/c", False),
        ("a/b", "A/b", False),
    ],
)
def test_matching(topic_filter: str, topic: str, *, matched: bool) -> None:
    assert matches(topic_filter, topic) is matched


@pytest.mark.parametrize("name", ["a", "/", "a b", "$SYS/a", "é/ü"])
def test_names(name: str) -> None:
    assert is_topic_name(name)
    require_filter(name)


@pytest.mark.parametrize("name", ["", "a/+", "#", "a#"])
def test_what_is_no_name(name: str) -> None:
    assert not is_topic_name(name)


@pytest.mark.parametrize(
    "topic_filter",
    ["", "a#", "#/a", "a+", "+a/b", "$share/a", "$share//a", "$share/+/a", "$share/g/"],
)
def test_what_is_no_filter(topic_filter: str) -> None:
    with pytest.raises(PacketError):
        require_filter(topic_filter)


def test_shares() -> None:
    assert split_share("$share/g/a/+") == ("g", "a/+")
    assert split_share("a/b") == ("", "a/b")
