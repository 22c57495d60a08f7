"""What the broker is doing, for whoever looks: retained messages below ``$SYS/broker``."""

from broker.core.core import Core
from broker.core.message import field_of, make


def figures(core: Core) -> dict[str, int]:
    """Give counts by name. Messages are counted since the start; what was dropped, by reason."""
    found = {
        "clients/connected": sum(link.session is not None for link in core.links),
        "clients/total": len(core.sessions),
        "messages/received": core.published,
        "messages/sent": core.delivered,
        "messages/waiting": sum(len(s.queue) for s in core.sessions.values() if s.queue),
        "retained/count": core.retained.count,
        "retained/bytes": core.retained.bytes,
    }
    dropped = {f"dropped/{why.replace(' ', '-')}": count for why, count in core.dropped.items()}
    return found | dropped


def publish_figures(core: Core) -> None:
    """Tell those who have subscribed, now and later."""
    for name, value in figures(core).items():
        field, payload = field_of(f"$SYS/broker/{name}"), str(value).encode()
        core.publish(make(field, payload, 0, core.now, retain=True))
