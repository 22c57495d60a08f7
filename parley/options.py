"""What commands have in common: the settings' options, and how they refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from config.settings import Settings, load

_Command = Callable[..., Any]


class UnusableError(Exception):
    """What was asked for cannot be done here; the text is one line."""


def with_settings(command: _Command) -> _Command:
    """Give a command ``--config`` and ``--data``."""
    file = click.Path(dir_okay=False, path_type=Path)
    command = click.option("--data", metavar="DIR", help="Folder of the database and the keys.")(
        command
    )
    return click.option("--config", type=file, help="Settings file (TOML); see parley settings.")(
        command
    )


def settings_of(config: Path | None, data: str | None) -> Settings:
    """Give the settings that these options name.

    Raises:
        SettingsError: the file is not usable.
    """
    settings = load(config)
    return msgspec.structs.replace(settings, data=data) if data else settings
