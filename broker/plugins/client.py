"""A connected client, and what it publishes, in the form that amqtt's plugins know."""

import asyncio
from types import SimpleNamespace
from typing import Any

from amqtt.session import IncomingApplicationMessage, Session

from mqtt.packets import Connect, Publish


class Client(Session):
    """amqtt's session, of which a plugin reads who the client is.

    ``transitions`` has just the state: amqtt's machine behind it takes 16 KB and 0.5 ms a client.
    """

    def _init_states(self) -> None:
        self.transitions: Any = SimpleNamespace(state="new")


def client_of(connect: Connect, transport: asyncio.BaseTransport) -> Client:
    """Take a client's data from its CONNECT and its connection.

    A password that is not UTF-8 cannot be given as amqtt gives it; what does not fit is replaced.
    """
    client = Client()
    client.client_id = connect.client_id
    client.username = connect.username
    if connect.password is not None:
        client.password = connect.password.decode(errors="replace")
    client.clean_session = connect.clean_start
    client.keep_alive = connect.keep_alive
    address = transport.get_extra_info("peername") or (None, None)
    client.remote_address, client.remote_port = address[:2]
    client.ssl_object = transport.get_extra_info("ssl_object")
    if connect.will is not None:
        client.will_flag = True
        client.will_topic, client.will_message = connect.will.topic, connect.will.payload
        client.will_qos, client.will_retain = connect.will.qos, connect.will.retain
    return client


def message_of(publish: Publish) -> IncomingApplicationMessage:
    """Give a publish as an event tells of it."""
    packet_id, topic = publish.packet_id or None, publish.topic
    message = IncomingApplicationMessage(
        packet_id, topic, publish.qos, publish.payload, publish.retain
    )
    message.publish_packet = message.build_publish_packet(publish.dup)
    return message
