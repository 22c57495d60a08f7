"""Codes that stand in links and mails or are shown once: random, and kept only as digests."""

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's Base32: no I, L, O and U
_READ_AS = str.maketrans("ILO", "110", "- ")
_GROUPS, _GROUP = 4, 5


def new_code() -> str:
    """Make a code of 100 random bits that people can read out and type."""
    groups = ("".join(map(secrets.choice, [_ALPHABET] * _GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def digest(code: str) -> str:
    """Give what is stored of a code, however it was typed: 64 hex digits (SHA-256)."""
    # So many random bits cannot be guessed: a slow hash would add nothing.
    return hashlib.sha256(code.upper().translate(_READ_AS).encode()).hexdigest()
