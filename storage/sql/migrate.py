"""Bring a database to the newest schema (Alembic)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.sql.engine import connect

_FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str, to: str = "head") -> None:
    """Upgrade to a revision, the newest; does nothing where the schema is there already."""
    command.upgrade(_config(url), to)


def downgrade(url: str, to: str = "base") -> None:
    """Undo the migrations after a revision, or all."""
    command.downgrade(_config(url), to)


def revisions() -> list[str]:
    """Give all revisions, the first one first."""
    scripts = ScriptDirectory.from_config(_config("")).walk_revisions()
    return [script.revision for script in scripts][::-1]


def is_current(url: str) -> bool:
    """Tell whether the database has the newest schema."""
    return revision(url) == ScriptDirectory.from_config(_config(url)).get_current_head()


def revision(url: str) -> str | None:
    """Give the database's revision; ``None`` where there is none yet."""
    engine = connect(url)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    return current


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config
