"""A session's life from its client's coming to its end, and the will that a client leaves."""

from collections import deque
from typing import TYPE_CHECKING

from broker.core.message import PACKET_IDS, field_of, make
from broker.core.session import Session
from mqtt.codes import Property
from mqtt.packets import Will

if TYPE_CHECKING:
    from broker.core.core import Core


def resume(core: "Core", session: Session) -> None:
    """Send again what was not acknowledged (section 4.4), and then what waits."""
    link = session.link
    session.resend = deque(session.inflight) or None
    if session.is_service and session.queue is not None:
        session.queue.divide()
    session.note_readiness()
    for packet_id in session.released or ():
        link.send(b"\x62\x02" + PACKET_IDS[packet_id])
    core.refill(session)


def keep(core: "Core", session: Session) -> None:
    """Let a persistent session survive the process."""
    if core.journal is not None and session.expiry:
        core.journal.keep_session(session)


def lost(core: "Core", session: Session, will: Will | None) -> None:
    """Take note that a session's connection is gone; ``will`` is what is to be published."""
    session.link = None
    session.note_readiness()
    delay = will.properties.get(Property.WILL_DELAY_INTERVAL, 0) if will else 0
    if will is not None and min(delay, session.expiry):
        core.timers.publish_will(session, core.now + min(delay, session.expiry), will)
    elif will is not None:
        publish_will(core, will)
    if not session.expiry:
        end(core, session)
    else:
        keep_for_later(core, session)


def keep_for_later(core: "Core", session: Session) -> None:
    """Let a session live as long as its client has asked for."""
    core.timers.end_session(session, core.now + session.expiry)


def end(core: "Core", session: Session) -> None:
    """Forget a session and everything that waits for it."""
    will, session.will, session.timer = session.will, None, 0
    release(core, session)
    for topic_filter in session.subscriptions:
        core.index.remove(session, topic_filter)
    session.subscriptions = {}
    if core.sessions.get(session.client_id) is session:
        del core.sessions[session.client_id]
        if core.journal is not None and session.expiry:
            core.journal.end_session(session.client_id)
    if will is not None:
        publish_will(core, will)


def release(core: "Core", session: Session) -> None:
    """Forget what is on its way to a session or waits for it."""
    core.queued_bytes -= session.queue.size if session.queue else 0
    for item in session.everything():
        core.arrived(session, item)
    session.inflight, session.queue, session.resend = {}, None, None


def publish_will(core: "Core", will: Will) -> None:
    """Publish what a client left to be said."""
    passed_on = dict(will.properties)
    passed_on.pop(Property.WILL_DELAY_INTERVAL, None)
    field = field_of(will.topic)
    retain = will.retain and core.may_retain(will.topic, len(will.payload))
    qos = will.qos
    core.publish(make(field, will.payload, qos, core.now, retain=retain, properties=passed_on))


def do_what_is_due(core: "Core") -> None:
    """Publish wills and end sessions whose time has come."""
    for session, will in core.timers.due(core.now):
        if will is None:
            end(core, session)
        else:
            session.will = None
            publish_will(core, will)
