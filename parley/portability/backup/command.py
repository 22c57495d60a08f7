"""``parley backup`` and ``parley restore``, and the line that says what is in it."""

from pathlib import Path

import click

from config.settings import Settings
from parley.portability.backup.manifest import Manifest
from parley.portability.backup.restore import restore
from parley.portability.backup.save import save
from parley.portability.place import require_ledger


def run_backup(settings: Settings, path: Path) -> None:
    """Make a backup."""
    require_ledger(settings)
    click.echo(f"{path}: {_content(save(settings, path))}")
    click.echo("Keep it secret: it holds the keys, the passwords' hashes and every message.")


def run_restore(settings: Settings, path: Path) -> None:
    """Restore a backup."""
    manifest = restore(settings, path)
    click.echo(f"{settings.folder}: {_content(manifest)}, as of {manifest.made_at}")


def _content(manifest: Manifest) -> str:
    rows = {name: table.rows for name, table in manifest.tables.items()}
    return (
        f"{rows['accounts']:,} accounts, {rows['conversations']:,} conversations, "
        f"{rows['messages']:,} messages"
    )
