"""Put what a journal holds back into a core."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from broker.core import lives
from broker.core.core import Core
from broker.core.index import Grant
from broker.core.message import Delivery, Message
from broker.core.session import Session
from broker.journal.log import Log
from broker.journal.records import Received, RetainedKept, Sent, SessionKept, Stored
from mqtt.codes import Property


@contextmanager
def unhurried_collector() -> Iterator[None]:
    """Keep the garbage collector from going through a million new objects, again and again.

    None of them is garbage. What is there at the end is not looked at later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def restore(core: Core, log: Log) -> dict[str, int]:
    """Make sessions, retained messages and queues as they were; give how many there are."""
    for record in log.records.values():
        if isinstance(record, SessionKept):
            _session(core, record)
        elif isinstance(record, RetainedKept):
            core.retained.keep(_message(record))
    sent = _exchanges(core, log)
    stored = [record for record in log.records.values() if isinstance(record, Stored)]
    for record in sorted(stored, key=lambda found: found.number):
        _enqueue(core, record, sent)
    retained = core.retained.count
    return {"sessions": len(core.sessions), "messages": len(stored), "retained": retained}


def _exchanges(core: Core, log: Log) -> dict[tuple[str, int], int]:
    """Restore packet ids of QoS 2; give those of messages on their way by client and number."""
    sent: dict[tuple[str, int], int] = {}
    for record in log.records.values():
        if not isinstance(record, Sent | Received) or record.client_id not in core.sessions:
            continue
        session = core.sessions[record.client_id]
        if isinstance(record, Received):
            session.received = {**(session.received or {}), record.packet_id: None}
        elif record.number:
            sent[record.client_id, record.number] = record.packet_id
        else:
            session.released = {**(session.released or {}), record.packet_id: None}
    return sent


def _session(core: Core, record: SessionKept) -> None:
    session = core.sessions[record.client_id] = Session(record.client_id)
    session.expiry, session.is_service = record.expiry, record.is_service
    for topic_filter, grant in record.grants.items():
        session.subscriptions[topic_filter] = Grant(*grant)
        core.index.add(session, topic_filter, Grant(*grant))
    lives.keep_for_later(core, session)


def _enqueue(core: Core, record: Stored, sent: dict[tuple[str, int], int]) -> None:
    message = _message(record)
    message.number = record.number
    route = core.index.routes.get(record.field) or core.index.route(record.field)
    for client_id in record.receivers:
        session = core.sessions.get(client_id)
        if session is None:
            continue
        target = next((found for found in route.targets if found.session is session), None)
        qos = min(record.qos, target.qos) if target else record.qos
        if qos:
            message.waiting += 1
            plain = qos == 1 and not (target and target.ids)
            ids = target.ids if target else ()
            item = message if plain else Delivery(message, qos, ids=ids)
            packet_id = sent.get((client_id, record.number), 0)
            if packet_id:
                session.put_in_flight(item, packet_id)
            else:
                core.enqueue(session, item)
    if not message.waiting and core.journal is not None:
        core.journal.arrived(message, "")


def _message(record: Stored | RetainedKept) -> Message:
    return Message(
        record.field,
        record.payload,
        record.born,
        record.qos,
        retain=isinstance(record, RetainedKept),
        properties={Property(name): _frozen(value) for name, value in record.properties.items()},
        expires_at=record.expires_at,
    )


def _frozen(value: object) -> object:
    """Give repeated properties their own form back: MessagePack knows no tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
