"""What comes from a broker, cut into packets. Pure.

A bridge receives and is acknowledged all day, so those two are read in place; every other packet
goes through ``mqtt.decode``. The bridge speaks 3.1.1, which every broker does.
"""

from msgspec import Struct

from mqtt.codes import V311
from mqtt.decode import decode
from mqtt.errors import PacketError
from mqtt.packets import Packet
from mqtt.wire import body_range

_PUBLISH, _PUBACK = 0x30, 0x40
_TYPE, _QOS = 0xF0, 0x06
_LEAST = 2


class Received(Struct, frozen=True, gc=False):
    """A publish that the broker holds until it is acknowledged; ``packet_id`` is 0 at QoS 0.

    Packet ids mean something only on the connection that they came by.
    """

    topic: str
    payload: bytes
    connection: int
    packet_id: int


class Stream:
    """One connection's bytes. ``publishes``, ``confirmed`` and ``others`` are for taking away.

    ``confirmed`` are the packet ids of publishes that the broker has acknowledged.
    """

    def __init__(self, connection: int) -> None:
        self.publishes: list[Received] = []
        self.confirmed: list[int] = []
        self.others: list[Packet] = []
        self._connection = connection
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take bytes as they come from the network.

        Raises:
            PacketError: the broker breaks the standard.
        """
        data, at = self._rest + data if self._rest else data, 0
        while (found := body_range(data, at)) is not None:
            begin, end = found
            if end > len(data):
                break
            kind = data[at] & _TYPE
            if kind == _PUBLISH:
                self._publish(data[at], data[begin:end])
            elif kind == _PUBACK and end - begin == _LEAST:
                self.confirmed.append(data[begin] << 8 | data[begin + 1])
            else:
                self.others.append(decode(data[at], data[begin:end], V311))
            at = end
        self._rest = data[at:]

    def _publish(self, first: int, body: bytes) -> None:
        if len(body) < _LEAST:
            raise PacketError("ends too early")
        start = tail = _LEAST + (body[0] << 8 | body[1])
        packet_id = 0
        if first & _QOS:
            packet_id, start = int.from_bytes(body[tail : tail + 2]), tail + 2
        if len(body) < start:
            raise PacketError("ends too early")
        try:
            topic = body[_LEAST:tail].decode()
        except UnicodeDecodeError:
            raise PacketError("a topic is not UTF-8") from None
        self.publishes.append(Received(topic, body[start:], self._connection, packet_id))
