"""The data folder's keys: each service can read just the ones that it needs."""

import os
import time
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parley_protocol import tokens
from parley_protocol.ids import new_id

_SIGNING = "signing.pem"
_PUBLIC = "public.pem"
_BRIDGE = "bridge.token"
_SECRETS = "secrets.key"
_YEARS_10 = 10 * 365 * 24 * 3600


def folder(data: Path) -> Path:
    """Where the keys lie."""
    return data / "keys"


def create(data: Path) -> None:
    """Make what is missing: the API's keys, the bridge's token, and the key that seals secrets."""
    keys = folder(data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.mkdir(exist_ok=True, mode=0o700)
    if not (keys / _SIGNING).exists():
        _write(keys / _SIGNING, _pem(Ed25519PrivateKey.generate()))
    key = signing_key(data)
    if not (keys / _PUBLIC).exists():
        _write(keys / _PUBLIC, _public_pem(key.public_key()))
    if not (keys / _BRIDGE).exists():
        now = int(time.time())
        token = tokens.issue(
            key, sub="bridge", device=new_id(), scope="service", now=now, seconds=_YEARS_10
        )
        _write(keys / _BRIDGE, token.encode())
    if not (keys / _SECRETS).exists():
        _write(keys / _SECRETS, Fernet.generate_key())


def signing_key(data: Path) -> Ed25519PrivateKey:
    """Read the key with which the API signs access tokens."""
    pem = (folder(data) / _SIGNING).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{_SIGNING} is not an Ed25519 key")
    return key


def public_key(data: Path) -> Ed25519PublicKey:
    """Read the key with which tokens are checked."""
    key = serialization.load_pem_public_key((folder(data) / _PUBLIC).read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{_PUBLIC} is not an Ed25519 key")
    return key


def bridge_token(data: Path) -> str:
    """Read the bridge's token for the broker."""
    return (folder(data) / _BRIDGE).read_text()


def secrets_key(data: Path) -> bytes:
    """Read the key that seals secrets in the database (Fernet)."""
    return (folder(data) / _SECRETS).read_bytes()


def _write(path: Path, content: bytes) -> None:
    # Complete or absent, never half: another service may start at this moment.
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
