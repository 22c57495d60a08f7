"""The standard's data types as bytes (section 1.5), and where a packet ends in a stream."""

from struct import Struct

from mqtt.errors import PacketError

VARINT_MAX = 268_435_455
_TEXT_MAX = 65_535
_U16 = Struct(">H")
_U32 = Struct(">I")
_VARINT_BYTES = 4
_MORE = 0x80
_SEVEN, _FOURTEEN = 0x7F, 0x3FFF

u16 = _U16.pack
u32 = _U32.pack


class Reader:
    """Takes values from the front of a packet's body."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """Take bytes."""
        end = self._at + count
        if end > len(self._data):
            raise PacketError("ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def rest(self) -> bytes:
        """Take what is left."""
        return self.take(self.left)

    def u8(self) -> int:
        """Take a byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Take a two byte integer."""
        return int(_U16.unpack(self.take(2))[0])

    def u32(self) -> int:
        """Take a four byte integer."""
        return int(_U32.unpack(self.take(4))[0])

    def varint(self) -> int:
        """Take a variable byte integer, in as few bytes as it needs (section 1.5.5)."""
        value, shift = 0, 0
        for _ in range(_VARINT_BYTES):
            byte = self.u8()
            value |= (byte & _SEVEN) << shift
            shift += 7
            if not byte & _MORE:
                if shift > len(varint(value)) * 7:
                    raise PacketError("a number takes more bytes than it needs")
                return value
        raise PacketError("a number takes more than four bytes")

    def binary(self) -> bytes:
        """Take binary data."""
        return self.take(self.u16())

    def text(self) -> str:
        """Take a UTF-8 string (section 1.5.4)."""
        return text_of(self.binary())

    def end(self) -> None:
        """Check that nothing is left."""
        if self.left:
            raise PacketError("goes on after its end")


def text_of(data: bytes) -> str:
    """Decode a UTF-8 string; neither surrogates nor U+0000 may be in it (section 1.5.4)."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise PacketError("a text is not UTF-8") from None
    if "\0" in text:
        raise PacketError("a text holds U+0000")
    return text


def varint(value: int) -> bytes:
    """Encode a variable byte integer."""
    if not 0 <= value <= VARINT_MAX:
        raise ValueError(f"{value} does not fit into four bytes of seven bits")
    if value <= _FOURTEEN:  # as nearly all are
        return bytes((value & _SEVEN | _MORE, value >> 7) if value > _SEVEN else (value,))
    encoded = bytearray()
    while value > _SEVEN:
        encoded.append(value & _SEVEN | _MORE)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def binary(data: bytes) -> bytes:
    """Encode binary data of up to 65,535 bytes."""
    if len(data) > _TEXT_MAX:
        raise ValueError("more than 65,535 bytes")
    return _U16.pack(len(data)) + data


def text(value: str) -> bytes:
    """Encode a UTF-8 string."""
    return binary(value.encode())


def frame(first: int, body: bytes) -> bytes:
    """Put the fixed header before a packet's body (section 2.1)."""
    return bytes((first,)) + varint(len(body)) + body


def body_range(buffer: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Find the body of the packet that begins at ``at``: from where to where.

    ``None`` where not even its length is there yet. The end may lie beyond the buffer.

    Raises:
        PacketError: the length takes more than four bytes, or more than it needs.
    """
    value, shift = 0, 0
    for position in range(at + 1, min(at + 1 + _VARINT_BYTES, len(buffer))):
        byte = buffer[position]
        value |= (byte & _SEVEN) << shift
        if byte < _MORE:
            if shift and not byte:
                raise PacketError("a length takes more bytes than it needs")
            return position + 1, position + 1 + value
        shift += 7
    if len(buffer) - at - 1 >= _VARINT_BYTES:
        raise PacketError("a length takes more than four bytes")
    return None
