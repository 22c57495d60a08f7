"""Who may do what on the broker: a topic is compared with the identity, nothing is looked up."""

from parley_protocol import topics
from parley_protocol.tokens import Claims

_SERVICE_PUBLISHES = (topics.inbox(""), topics.live(""))


def may_connect(claims: Claims, *, client_id: str, username: str) -> bool:
    """Bind the client id to the token, so that nobody takes over another's session."""
    return client_id == claims.client_id and username == claims.sub


def may_publish(claims: Claims, topic: str) -> bool:
    """Let a device publish below its own prefix, and a service to the contract's topics."""
    if _has_wildcard(topic) or not topic.startswith(f"{topics.ROOT}/"):
        return False
    if claims.scope == "service":
        return topic.startswith(_SERVICE_PUBLISHES) or topic in (
            topics.ROLL_CALL,
            topics.DELIVER,
            topics.CONTROL,
        )
    prefix = topics.send_prefix(claims.sub, claims.device)
    parsed = topics.parse_send(topic)
    own_send = parsed is not None and topic.startswith(prefix)
    return own_send or topic == topics.status(claims.sub, claims.device)


def may_subscribe(claims: Claims, topic_filter: str) -> bool:
    """Let a device read its inbox, its live topic and the roll-call, by their exact names."""
    if claims.scope == "service":
        return topic_filter == topics.SENT_MESSAGES
    return topic_filter in (topics.inbox(claims.sub), topics.live(claims.sub), topics.ROLL_CALL)


def _has_wildcard(topic: str) -> bool:
    return "+" in topic or "#" in topic
