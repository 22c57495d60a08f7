"""Ids that are the same each time something is imported, so that nothing is stored twice. Pure."""

import uuid

# Never changes: what was imported before is found again by it.
_IMPORTS = uuid.UUID("b0c9c4a5-0c56-5b0e-8a1e-4f6a53a6ddc2")
_SEPARATOR = "\0"


def derived(*parts: str) -> str:
    """Give the id (a UUIDv5, RFC 9562) that these words always have."""
    name = _SEPARATOR.join(part.replace(_SEPARATOR, " ") for part in parts)
    return uuid.uuid5(_IMPORTS, name.encode("utf-8", "replace").decode()).hex
