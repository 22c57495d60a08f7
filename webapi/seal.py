"""The current app's seal."""

from typing import cast

from flask import current_app

from storage.seal import Seal

KEY = "parley_seal"


def seal() -> Seal:
    """Give what seals secrets in the current app."""
    return cast("Seal", current_app.extensions[KEY])
