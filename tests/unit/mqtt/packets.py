"""Packets of every kind, for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from mqtt import packets
from mqtt import properties as props
from mqtt.codes import V5, V311, Property, Reason, Type

texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
levels = st.text(st.sampled_from("ab é$"), max_size=3)
names = st.lists(levels, min_size=1, max_size=4).map("/".join).filter(bool)
filters = st.lists(levels | st.just("+"), min_size=1, max_size=4).map("/".join).filter(
    bool
) | names.map(lambda name: f"{name}/#")
plain_filters = filters.filter(lambda found: not found.startswith("$share/"))
packet_ids = st.integers(1, 65_535)
versions = st.sampled_from([V311, V5])
reasons = st.sampled_from(Reason)
binaries = st.binary(max_size=20)

_FORMS: dict[Property, st.SearchStrategy[Any]] = {
    **{
        name: st.integers(0, 1)
        for name in Property
        if name.name.endswith(("AVAILABLE", "INFORMATION", "INDICATOR"))
    },
    Property.MAXIMUM_QOS: st.integers(0, 1),
    Property.RESPONSE_INFORMATION: texts,
    Property.SERVER_KEEP_ALIVE: st.integers(1, 65_535),
    Property.RECEIVE_MAXIMUM: st.integers(1, 65_535),
    Property.TOPIC_ALIAS_MAXIMUM: st.integers(1, 65_535),
    Property.TOPIC_ALIAS: st.integers(1, 65_535),
    Property.MESSAGE_EXPIRY_INTERVAL: st.integers(1, 2**32 - 1),
    Property.SESSION_EXPIRY_INTERVAL: st.integers(1, 2**32 - 1),
    Property.WILL_DELAY_INTERVAL: st.integers(1, 2**32 - 1),
    Property.MAXIMUM_PACKET_SIZE: st.integers(1, 2**32 - 1),
    Property.CORRELATION_DATA: binaries,
    Property.AUTHENTICATION_DATA: binaries,
    Property.RESPONSE_TOPIC: names,
    Property.USER_PROPERTY: st.lists(st.tuples(texts, texts), min_size=1, max_size=3).map(tuple),
}


def _value(name: Property, place: Type | str) -> st.SearchStrategy[Any]:
    if name is Property.SUBSCRIPTION_IDENTIFIER:
        most = 3 if place is Type.PUBLISH else 1
        return st.lists(st.integers(1, 268_435_455), min_size=1, max_size=most).map(tuple)
    return _FORMS.get(name, texts)


def properties(place: Type | str, version: int) -> st.SearchStrategy[props.Properties]:
    if version == V311:
        return st.just(props.NONE)
    choices = {name: _value(name, place) for name in props.ALLOWED[place]}
    return st.fixed_dictionaries({}, optional=choices).filter(
        lambda found: (
            Property.AUTHENTICATION_DATA not in found or Property.AUTHENTICATION_METHOD in found
        )
    )


@st.composite
def publishes(draw: st.DrawFn, version: int) -> packets.Publish:
    qos = draw(st.integers(0, 2))
    return packets.Publish(
        draw(names),
        draw(binaries),
        qos,
        draw(packet_ids) if qos else 0,
        draw(st.booleans()),
        bool(qos) and draw(st.booleans()),
        draw(properties(Type.PUBLISH, version)),
    )


@st.composite
def connects(draw: st.DrawFn, version: int) -> packets.Connect:
    username = draw(st.none() | texts)
    has_password = username is not None or version == V5
    will = draw(
        st.none()
        | st.builds(
            packets.Will,
            names,
            binaries,
            st.integers(0, 2),
            st.booleans(),
            properties(props.WILL, version),
        )
    )
    return packets.Connect(
        draw(texts),
        version,
        draw(st.booleans()),
        draw(st.integers(0, 65_535)),
        username,
        draw(st.none() | binaries) if has_password else None,
        will,
        draw(properties(Type.CONNECT, version)),
    )


def _acks(kind: Type, version: int) -> st.SearchStrategy[packets.Packet]:
    chosen = reasons if version == V5 else st.just(Reason.SUCCESS)
    return st.builds(packets.Ack, st.just(kind), packet_ids, chosen, properties(kind, version))


def _subacks(kind: Type, version: int) -> st.SearchStrategy[packets.Packet]:
    granted = [Reason.SUCCESS, Reason.GRANTED_QOS_1, Reason.GRANTED_QOS_2, Reason.UNSPECIFIED_ERROR]
    chosen = reasons if version == V5 else st.sampled_from(granted)
    most = 0 if version == V311 and kind is Type.UNSUBACK else 4
    return st.builds(
        packets.Suback,
        st.just(kind),
        packet_ids,
        st.lists(chosen, max_size=most).map(tuple),
        properties(kind, version),
    )


def _connacks(version: int) -> st.SearchStrategy[packets.Packet]:
    simple = [Reason.SUCCESS, Reason.CLIENT_ID_NOT_VALID, Reason.NOT_AUTHORIZED]
    chosen = reasons if version == V5 else st.sampled_from(simple)
    return st.builds(packets.Connack, chosen, st.booleans(), properties(Type.CONNACK, version))


def _subscribes(version: int) -> st.SearchStrategy[packets.Packet]:
    options = st.booleans() if version == V5 else st.just(False)  # noqa: FBT003
    handling = st.integers(0, 2) if version == V5 else st.just(0)
    one = st.builds(
        packets.Subscription, plain_filters, st.integers(0, 2), options, options, handling
    )
    some = st.lists(one, min_size=1, max_size=3).map(tuple)
    return st.builds(packets.Subscribe, packet_ids, some, properties(Type.SUBSCRIBE, version))


def _unsubscribes(version: int) -> st.SearchStrategy[packets.Packet]:
    some = st.lists(plain_filters, min_size=1, max_size=3).map(tuple)
    return st.builds(packets.Unsubscribe, packet_ids, some, properties(Type.UNSUBSCRIBE, version))


def _ends(version: int) -> st.SearchStrategy[packets.Packet]:
    if version == V311:
        return st.just(packets.Disconnect())
    return st.builds(packets.Disconnect, reasons, properties(Type.DISCONNECT, version)) | st.builds(
        packets.Auth, reasons, properties(Type.AUTH, version)
    )


def any_packet(version: int) -> st.SearchStrategy[packets.Packet]:
    """Packets of every kind that the version has."""
    return st.one_of(
        connects(version),
        _connacks(version),
        publishes(version),
        *(_acks(kind, version) for kind in (Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP)),
        _subscribes(version),
        _unsubscribes(version),
        _subacks(Type.SUBACK, version),
        _subacks(Type.UNSUBACK, version),
        st.builds(packets.Ping, st.sampled_from([Type.PINGREQ, Type.PINGRESP])),
        _ends(version),
    )


versioned = versions.flatmap(lambda version: st.tuples(st.just(version), any_packet(version)))
