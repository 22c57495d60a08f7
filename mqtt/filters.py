"""Topic names and topic filters (section 4.7)."""

from mqtt.codes import Reason
from mqtt.errors import PacketError

_SHARE = "$share/"


def is_topic_name(topic: str) -> bool:
    """Tell whether a message can be published there."""
    return bool(topic) and "+" not in topic and "#" not in topic


def require_filter(topic_filter: str) -> None:
    """Check a topic filter, shared or not.

    Raises:
        PacketError: a wildcard stands where none may, or a share has no name.
    """
    plain = split_share(topic_filter)[1] if topic_filter.startswith(_SHARE) else topic_filter
    levels = plain.split("/")
    misplaced = any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
    if not plain or misplaced or "#" in levels[:-1]:
        raise PacketError("not a topic filter", Reason.TOPIC_FILTER_INVALID)


def has_wildcard(topic_filter: str) -> bool:
    """Tell whether a filter may match more than one topic."""
    return "+" in topic_filter or "#" in topic_filter


def split_share(topic_filter: str) -> tuple[str, str]:
    """Split ``$share/name/filter`` (section 4.8.2); the name of others is empty.

    Raises:
        PacketError: the share's name is empty or has a wildcard.
    """
    if not topic_filter.startswith(_SHARE):
        return "", topic_filter
    name, _, plain = topic_filter.removeprefix(_SHARE).partition("/")
    if not is_topic_name(name):
        raise PacketError("not the name of a share", Reason.TOPIC_FILTER_INVALID)
    return name, plain


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a filter, without a share, matches a topic name (section 4.7).

    The plain rule, level by level; the index of subscriptions is tested against it.
    """
    if topic.startswith("$") and topic_filter[:1] in {"+", "#"}:
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at == len(levels) or level not in {"+", levels[at]}:
            return False
    return len(wanted) == len(levels)
