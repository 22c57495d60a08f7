"""QoS 2 with a broker that is killed between any two packets."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mqtt.codes import V311, Type
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import Ack, Connack, Connect, Packet, Publish, Suback, Subscribe, Subscription
from mqtt.wire import body_range
from tests.platform import accepts, free_ports, wait


class General:
    """``parley broker --anonymous`` with a journal."""

    def __init__(self, folder: Path) -> None:
        self.port, ws_port = free_ports(2)
        program = [sys.executable, "-m", "parley", "broker", "--anonymous", "--data", str(folder)]
        self._command = [*program, "--mqtt", str(self.port), "--ws", str(ws_port)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        wait(lambda: accepts(self.port))

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Client:
    """A client that says just what the test wants."""

    def __init__(self, general: General, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", general.port), timeout=20)
        self._data = b""
        assert isinstance(self.ask(Connect(name, clean_start=False)), Connack)

    def say(self, packet: Packet) -> None:
        self._socket.sendall(encode(packet, V311))

    def hear(self) -> Packet:
        while (found := body_range(self._data, 0) if self._data[1:] else None) is None or found[
            1
        ] > len(self._data):
            received = self._socket.recv(1000)
            assert received, "the broker has closed the connection"
            self._data += received
        begin, end = found
        packet, self._data = (
            decode(self._data[0], self._data[begin:end], V311),
            self._data[end:],
        )
        return packet

    def ask(self, packet: Packet) -> Packet:
        self.say(packet)
        return self.hear()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def general(tmp_path: Path) -> Iterator[General]:
    found = General(tmp_path)
    yield found
    found.kill()


def again(general: General, client: Client, name: str) -> Client:
    """Kill the broker, start it, and connect anew."""
    general.kill()
    client.close()
    general.start()
    return Client(general, name)


def test_what_is_repeated_after_a_kill_is_not_doubled(general: General) -> None:
    bob = Client(general, "bob")
    assert isinstance(bob.ask(Subscribe(1, (Subscription("a", 2),))), Suback)
    bob.close()
    ada = Client(general, "ada")
    assert ada.ask(Publish("a", b"once", 2, 5)) == Ack(Type.PUBREC, 5)
    ada = again(general, ada, "ada")
    assert ada.ask(Publish("a", b"once", 2, 5, dup=True)) == Ack(Type.PUBREC, 5)
    ada = again(general, ada, "ada")
    assert ada.ask(Ack(Type.PUBREL, 5)) == Ack(Type.PUBCOMP, 5)
    assert ada.ask(Publish("a", b"another", 2, 5)) == Ack(Type.PUBREC, 5)
    ada.close()
    bob = Client(general, "bob")
    heard = [bob.hear(), bob.hear()]
    assert [p.payload for p in heard if isinstance(p, Publish)] == [b"once", b"another"]
    bob.close()


def test_a_receiver_gets_it_by_the_same_packet_id_after_a_kill(general: General) -> None:
    bob = Client(general, "bob")
    assert isinstance(bob.ask(Subscribe(1, (Subscription("a", 2),))), Suback)
    ada = Client(general, "ada")
    assert ada.ask(Publish("a", b"first", 2, 5)) == Ack(Type.PUBREC, 5)
    assert ada.ask(Publish("a", b"second", 2, 6)) == Ack(Type.PUBREC, 6)
    ada.close()
    heard = [bob.hear(), bob.hear()]
    ids = {p.payload: p.packet_id for p in heard if isinstance(p, Publish)}
    assert bob.ask(Ack(Type.PUBREC, ids[b"first"])) == Ack(Type.PUBREL, ids[b"first"])
    bob = again(general, bob, "bob")
    assert {repr(bob.hear()), repr(bob.hear())} == {
        repr(Publish("a", b"second", 2, ids[b"second"], dup=True)),
        repr(Ack(Type.PUBREL, ids[b"first"])),
    }
    bob.say(Ack(Type.PUBCOMP, ids[b"first"]))
    assert bob.ask(Ack(Type.PUBREC, ids[b"second"])) == Ack(Type.PUBREL, ids[b"second"])
    bob.close()
