"""Account names for people whose names are anything. Pure."""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator

_LEAST, _MOST = 3, 32
_NOT_ALLOWED = re.compile(r"[^a-z0-9._-]+")


def account_name(name: str) -> str:
    """Turn a name into an account's: the same name gives the same, whatever script it is in."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    found = _NOT_ALLOWED.sub("-", plain).strip("-._")[:_MOST].rstrip("-._")
    if len(found) >= _LEAST:
        return found
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{found or 'person'}-{mark}"


def alternatives(name: str) -> Iterator[str]:
    """Give a name, and then others like it, for where it is taken."""
    yield name
    for number in itertools.count(2):
        ending = f"-{number}"
        yield name[: _MOST - len(ending)] + ending
