"""What is wrong with bytes from the network."""

from mqtt.codes import Reason


class PacketError(Exception):
    """The packet breaks the standard: the connection ends, with ``reason``."""

    def __init__(self, detail: str, reason: Reason = Reason.MALFORMED_PACKET) -> None:
        super().__init__(detail)
        self.reason = reason


def protocol_error(detail: str) -> PacketError:
    """Make the error for what can be read, but must not be (section 4.13)."""
    return PacketError(detail, Reason.PROTOCOL_ERROR)
