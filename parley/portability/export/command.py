"""``parley export``: a folder, and a line that says what is in it."""

from pathlib import Path

import click

from config.settings import Settings
from parley.portability.export.run import export_conversation, export_person
from parley.portability.place import ledger_of


def person(settings: Settings, name: str, folder: Path, *, overwrite: bool) -> None:
    """Export a person's own data."""
    with ledger_of(settings) as place:
        count = export_person(place, name, folder, overwrite=overwrite)
    click.echo(f"{folder}: the account {name} and {count:,} conversations; begin with index.html")


def conversation(settings: Settings, cid: str, folder: Path, *, overwrite: bool) -> None:
    """Export a conversation."""
    with ledger_of(settings) as place:
        count = export_conversation(place, cid, folder, overwrite=overwrite)
    click.echo(f"{folder}: {count:,} entries in messages.jsonl; begin with messages.html")
