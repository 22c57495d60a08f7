"""``parley import``: files in, a line for each conversation and a line for the people out."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from config.settings import Settings
from parley.portability.imports.folder import Folder
from parley.portability.imports.irc import read_irc
from parley.portability.imports.model import Source, UnreadableError
from parley.portability.imports.people import Placed
from parley.portability.imports.run import Filled, Importer, Plan
from parley.portability.imports.slack import read_slack
from parley.portability.imports.whatsapp import read_whatsapp
from parley.portability.place import ledger_of


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says beside the files."""

    people: Mapping[str, str] = field(default_factory=dict)
    members: int | None = None
    dry_run: bool = False


def import_slack(settings: Settings, path: Path, wishes: Wishes) -> None:
    """Import a Slack export."""
    with Folder(path) as folder:
        _run(settings, read_slack(folder), wishes)


def import_whatsapp(settings: Settings, path: Path, group: str, zone: str, wishes: Wishes) -> None:
    """Import a WhatsApp export as a group."""
    try:
        source = read_whatsapp(_whatsapp_text(path), group, _zone(zone))
    except UnreadableError as error:
        raise UnreadableError(f"{path}: {error}") from None
    _run(settings, source, wishes)


def import_irc(
    settings: Settings, paths: Sequence[Path], group: str, zone: str, wishes: Wishes
) -> None:
    """Import IRC logs as a group."""
    files = [(path.name, _text(path.read_bytes(), path)) for path in paths]
    _run(settings, read_irc(files, group, _zone(zone)), wishes)


def _run(settings: Settings, source: Source, wishes: Wishes) -> None:
    with ledger_of(settings) as place:
        importer = Importer(place.engine, place.ledger, wishes.people, wishes.members)
        plan = importer.plan(source)
        if wishes.dry_run:
            _tell_plan(plan)
            return
        for filled in importer.carry_out(plan):
            _tell_filled(filled)
    _tell_people(plan.people)


def _tell_plan(plan: Plan) -> None:
    chats = zip(plan.source.chats, plan.surveys, plan.members, strict=True)
    for chat, found, members in chats:
        name = chat.name or "one to one"
        click.echo(f"{name}: {found.posts:,} messages, {len(members)} members")
    for placed in plan.people:
        what = "a new account" if placed.is_new else "an account that is there"
        click.echo(f"{placed.author.name} -> {placed.name}, {what}")
    click.echo("Nothing was stored.")


def _tell_filled(filled: Filled) -> None:
    left_out = f", {filled.left_out:,} lines that are no messages left out" * bool(filled.left_out)
    name = filled.name or "one to one"
    click.echo(f"{name} ({filled.cid}): {filled.stored:,} entries stored{left_out}")


def _tell_people(people: Iterable[Placed]) -> None:
    placed = list(people)
    new = sum(one.is_new for one in placed)
    click.echo(
        f"{len(placed) - new} people had an account; {new} got one that nobody can log in to"
    )


def _whatsapp_text(path: Path) -> str:
    """Read the chat's text, from the ZIP file that iOS makes or Android with files."""
    if not zipfile.is_zipfile(path):
        return _text(path.read_bytes(), path)
    with Folder(path) as folder:
        texts = [name for name in folder.names if name.endswith(".txt")]
        named = [name for name in texts if Path(name).name == "_chat.txt" or "WhatsApp" in name]
        found = named or texts
        if len(found) != 1:
            raise UnreadableError("it holds no text file that is the chat's, or several")
        return _text(folder.read(found[0]), path)


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: not UTF-8: {error.reason}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnreadableError(f"there is no time zone {name}") from None
