"""Brokers of three makes, each a process that can be killed, and a wire that can be cut."""

import asyncio
import contextlib
import getpass
import shutil
import subprocess
import sys
from pathlib import Path

from bridge.stream import Stream
from config import keys
from tests.platform import accepts, free_ports, wait

MAKES = ("parley", "amqtt", "mosquitto")
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence true
persistence_location {folder}/
"""
_PARLEY = """\
data = "{folder}"
[broker]
engine = "{make}"
port = {port}
ws_port = {ws_port}
metrics_port = 0
"""


class Broker:
    """A broker in a folder of its own; what it is to keep survives ``stop``."""

    def __init__(self, make: str, folder: Path) -> None:
        keys.create(folder)
        self.port, ws_port = free_ports(2)
        self._folder = folder
        file = folder / "broker.conf"
        if make == "mosquitto":
            program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/bin")
            assert program is not None, "it is not installed: run tests/system-packages"
            user = getpass.getuser()
            file.write_text(_MOSQUITTO.format(port=self.port, folder=folder, user=user))
            self._command = [program, "-c", str(file)]
        else:
            text = _PARLEY.format(make=make, folder=folder, port=self.port, ws_port=ws_port)
            file.write_text(text)
            self._command = [sys.executable, "-m", "parley", "broker", "--config", str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait(lambda: accepts(self.port), (self._folder / "log").read_text)

    def stop(self, *, kill: bool = False) -> None:
        if self._process is not None:
            self._process.kill() if kill else self._process.terminate()
            self._process.wait(20)
            self._process = None


class Wire:
    """Stands between a link and its broker. ``said`` is what the link said, by connection."""

    def __init__(self, port: int) -> None:
        self.said: list[bytearray] = []
        self.is_deaf = False
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """End the connections that there are."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, far_writer]
        said = bytearray()
        self.said.append(said)
        for task in (self._pass(reader, far_writer, said), self._pass(far_reader, writer, None)):
            self._tasks.add(asyncio.ensure_future(task))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytearray | None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if said is not None:
                    said += data
                elif self.is_deaf:
                    continue
                writer.write(data)
        writer.close()


def read(said: bytearray) -> Stream:
    """Read what a link has said on one connection, but for its CONNECT."""
    stream = Stream(0)
    stream.feed(bytes(said))
    return stream
