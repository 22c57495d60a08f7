"""What is a secret and has to be read again is sealed in the database, with a key outside of it."""

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Encrypts with the data folder's key; see ``config.keys.secrets_key``."""

    def __init__(self, key: bytes) -> None:
        self._box = Fernet(key)

    def close(self, secret: bytes) -> bytes:
        """Encrypt a secret."""
        return self._box.encrypt(secret)

    def open(self, sealed: bytes) -> bytes | None:
        """Decrypt a secret; ``None`` where it was sealed with another key."""
        try:
            return self._box.decrypt(sealed)
        except InvalidToken:
            return None
