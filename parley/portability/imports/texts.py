"""What texts and names from elsewhere become, so that they keep to Parley's limits. Pure."""

import unicodedata

from parley_protocol import limits

_NOT_SHOWN = {"Cc", "Zl", "Zp"}
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """Give a text that can be stored: no U+0000, and no half of a surrogate pair."""
    return _whole(text).replace("\0", _UNKNOWN)


def parts(text: str) -> list[str]:
    """Cut a text into as many messages as it needs; nearly always it is one."""
    size = limits.TEXT_MAX
    return [text[at : at + size] for at in range(0, len(text), size)]


def shown(name: str, otherwise: str) -> str:
    """Give a name that can be shown, or ``otherwise`` where nothing of it is left."""
    kept = "".join(c for c in _whole(name) if unicodedata.category(c) not in _NOT_SHOWN)
    return kept.strip()[: limits.NAME_MAX].strip() or otherwise


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
