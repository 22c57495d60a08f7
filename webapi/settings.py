"""The settings of the current app."""

from typing import cast

from flask import current_app

from config.settings import Settings

KEY = "parley_settings"


def settings() -> Settings:
    """Give the settings with which the current app was made."""
    return cast("Settings", current_app.extensions[KEY])
