"""Bring a database to the newest schema (Alembic)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.sql.engine import connect

_FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Upgrade to the newest migration; does nothing where the schema is there already."""
    command.upgrade(_config(url), "head")


def downgrade(url: str) -> None:
    """Undo all migrations."""
    command.downgrade(_config(url), "base")


def is_current(url: str) -> bool:
    """Tell whether the database has the newest schema."""
    newest = ScriptDirectory.from_config(_config(url)).get_current_head()
    with connect(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config
