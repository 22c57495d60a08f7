"""Get a data folder ready: the folder itself, the keys, the tables."""

from sqlalchemy.exc import SQLAlchemyError

from config import keys
from config.settings import Settings, SettingsError
from storage.sql.migrate import migrate


def prepare(settings: Settings) -> None:
    """Make what is missing; does nothing where everything is there.

    Raises:
        SettingsError: the folder cannot be written, or the database cannot be reached.
    """
    try:
        keys.create(settings.folder)
    except OSError as error:
        raise SettingsError(f"the data folder {settings.folder}: {error.strerror}") from None
    try:
        migrate(settings.ledger_url)
    except SQLAlchemyError as error:
        raise SettingsError(f"the database: {first_line(error)}") from None


def require_keys(settings: Settings) -> None:
    """Check that ``prepare`` has been there.

    Raises:
        SettingsError: with the command that mends it.
    """
    if not (keys.folder(settings.folder) / "public.pem").exists():
        raise SettingsError(f"{settings.folder} holds no keys yet: run parley setup first")


def first_line(error: SQLAlchemyError) -> str:
    """Give what a database complains of, in one line and without the statement."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
