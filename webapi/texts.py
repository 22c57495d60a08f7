"""What a name that others see may hold."""

import unicodedata

from webapi.problems import ProblemError


def require_shown(name: str, where: str) -> None:
    """Refuse a name that shows nothing, or that plays with how other text is shown.

    Raises:
        ProblemError: 422.
    """
    if not name.strip():
        raise ProblemError(422, "invalid", "the name shows nothing", where=where)
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in name):
        raise ProblemError(422, "invalid", "the name holds a control character", where=where)
