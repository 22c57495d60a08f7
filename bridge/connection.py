"""One TCP connection to a broker: bytes out in one piece, bytes in as they come."""

import select
import socket
import time

_READ_BYTES = 1 << 18
_FLUSH_BYTES = 1 << 16
_PINGREQ = b"\xc0\x00"


class LostError(Exception):
    """The connection is over; the text is safe to log."""


class Connection:
    """Blocks while it connects, for ``seconds`` at most, and in ``exchange``.

    A PINGREQ is sent when nothing else was for half of ``keep_alive``, which is in seconds
    (section 3.1.2.10); one that is not answered for as long as that ends the connection.

    Raises:
        LostError: nobody answers.
    """

    def __init__(self, address: tuple[str, int], seconds: float, keep_alive: float) -> None:
        try:
            self._socket = socket.create_connection(address, seconds)
            # What a turn has to say must not wait for the answer to the one before (RFC 896).
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(0)
        except OSError as error:
            raise LostError(_reason(error)) from None
        self._keep_alive = keep_alive
        self._spoke = time.monotonic()
        self._asked: float | None = None
        self._out: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Say something with the next ``exchange``, or sooner where much has come together."""
        self._out.append(data)
        self._size += len(data)
        if self._size >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send as much of what was written as the socket takes.

        Raises:
            LostError: the connection is over.
        """
        if not self._out:
            return
        data = b"".join(self._out)
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise LostError(_reason(error)) from None
        self._out = [data[sent:]] if sent < len(data) else []
        self._size = len(data) - sent
        self._spoke = time.monotonic()

    def exchange(self, seconds: float) -> bytes:
        """Send what was written; wait so long for something to come, and give it.

        Raises:
            LostError: the connection is over.
        """
        self.flush()
        data = self._read() or (self._wait(seconds) and self._read()) or b""
        self._keep_alive_or_end(is_heard=bool(data))
        return data

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LostError(_reason(error)) from None
        if not data:
            raise LostError("the broker has closed the connection")
        return data

    def _wait(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._out else 0))
        return bool(poll.poll(min(seconds, self._keep_alive / 2) * 1000))

    def _keep_alive_or_end(self, *, is_heard: bool) -> None:
        now = time.monotonic()
        if is_heard:
            self._asked = None
        elif self._asked is not None and now - self._asked > self._keep_alive:
            raise LostError("the broker is silent")
        if now - self._spoke > self._keep_alive / 2:
            self._asked = self._asked or now
            self.write(_PINGREQ)
            self.flush()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
