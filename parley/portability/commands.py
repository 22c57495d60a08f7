"""The commands ``parley export``, ``import``, ``backup`` and ``restore``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parley.options import UnusableError, settings_of, with_settings
from parley_protocol import limits

if TYPE_CHECKING:
    from parley.portability.imports.command import Wishes

_Command = Callable[..., Any]
_PATH = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def export() -> None:
    """Write an account or a conversation to files.

    As JSON Lines, and as pages to read. Works while the platform runs.
    """


def _with_folder(command: _Command) -> _Command:
    path = click.Path(file_okay=False, path_type=Path)
    command = click.option(
        "--overwrite", is_flag=True, help="Write into a folder that is not empty."
    )(command)
    folder = click.option("--to", "folder", required=True, type=path, metavar="DIR", help="Where.")
    return with_settings(folder(command))


@export.command()
@click.argument("name")
@_with_folder
def person(
    name: str, folder: Path, config: Path | None, data: str | None, *, overwrite: bool
) -> None:
    """Export what belongs to an account: profile, sessions, conversations and their messages."""
    from parley.portability.export.command import person as export_person

    with _refusals():
        export_person(settings_of(config, data), name, folder, overwrite=overwrite)


@export.command()
@click.argument("cid")
@_with_folder
def conversation(
    cid: str, folder: Path, config: Path | None, data: str | None, *, overwrite: bool
) -> None:
    """Export a conversation, by its id."""
    from parley.portability.export.command import conversation as export_conversation

    with _refusals():
        export_conversation(settings_of(config, data), cid, folder, overwrite=overwrite)


@click.group(name="import")
def import_() -> None:
    """Bring in what was said elsewhere, with its times.

    Works while the platform runs. People get the account that has their name, or a new one that
    nobody can log in to; look at it first with --dry-run. The same file a second time stores
    nothing.
    """


def _with_wishes(command: _Command) -> _Command:
    for option in (
        click.option(
            "--dry-run", is_flag=True, help="Say what would become of it, and store nothing."
        ),
        click.option(
            "--members",
            type=click.IntRange(1, limits.GROUP_MAX),
            metavar="N",
            help="In a larger group, the N who wrote last are members; all messages come in.",
        ),
        click.option(
            "--person",
            "people",
            multiple=True,
            metavar="NAME=ACCOUNT",
            help="Whose account somebody in the file has.",
        ),
    ):
        command = option(command)
    return with_settings(command)


def _with_group(command: _Command) -> _Command:
    zone = click.option(
        "--zone", default="UTC", show_default=True, help="Time zone, as in Europe/Berlin."
    )
    name = click.option("--group", required=True, help="Name of the group that it becomes.")
    return name(zone(command))


@import_.command()
@click.argument("path", metavar="FILE.zip|DIR", type=_PATH)
@_with_wishes
def slack(path: Path, config: Path | None, data: str | None, **wishes: Any) -> None:  # noqa: ANN401
    """Import a Slack export: its channels, groups and direct messages."""
    from parley.portability.imports.command import import_slack

    with _refusals():
        import_slack(settings_of(config, data), path, _wishes(**wishes))


@import_.command()
@click.argument("path", metavar="FILE.txt|FILE.zip", type=_FILE)
@_with_group
@_with_wishes
def whatsapp(
    path: Path,
    group: str,
    zone: str,
    config: Path | None,
    data: str | None,
    **wishes: Any,  # noqa: ANN401 - as ``_with_wishes`` has them
) -> None:
    """Import a chat that a phone has exported; --zone is the phone's."""
    from parley.portability.imports.command import import_whatsapp

    with _refusals():
        import_whatsapp(settings_of(config, data), path, group, zone, _wishes(**wishes))


@import_.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@_with_group
@_with_wishes
def irc(
    paths: tuple[Path, ...],
    group: str,
    zone: str,
    config: Path | None,
    data: str | None,
    **wishes: Any,  # noqa: ANN401 - as ``_with_wishes`` has them
) -> None:
    """Import IRC logs; each file's name says the day, as 2004-11-15.log does."""
    from parley.portability.imports.command import import_irc

    with _refusals():
        import_irc(settings_of(config, data), paths, group, zone, _wishes(**wishes))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_settings
def backup(file: Path, config: Path | None, data: str | None) -> None:
    """Write everything to one file.

    It is consistent to one point, also while the platform runs. It holds the keys, too: keep it
    secret.
    """
    from parley.portability.backup.command import run_backup

    with _refusals():
        run_backup(settings_of(config, data), file)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_settings
def restore(file: Path, config: Path | None, data: str | None) -> None:
    """Make a platform of a backup.

    Fills an empty data folder and an empty database. The file is checked first, and the tables
    are brought up to date. A backup of SQLite restores into PostgreSQL, and the other way round.
    """
    from parley.portability.backup.command import run_restore

    with _refusals():
        run_restore(settings_of(config, data), file)


def _wishes(*, people: tuple[str, ...], members: int | None, dry_run: bool) -> "Wishes":
    from parley.portability.imports.command import Wishes

    chosen = dict[str, str]()
    for pair in people:
        name, is_pair, account = pair.rpartition("=")
        if not is_pair:
            raise UnusableError(f"--person {pair}: it must be NAME=ACCOUNT")
        chosen[name] = account
    return Wishes(chosen, members, dry_run)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what these commands refuse into a line for the user."""
    from parley.portability.backup.manifest import BackupError
    from parley.portability.export.files import FolderError
    from parley.portability.imports.model import UnreadableError
    from parley.portability.imports.survey import TooManyMembersError
    from storage.errors import LedgerError

    try:
        yield
    except (LedgerError, UnreadableError, TooManyMembersError, FolderError, BackupError) as error:
        raise UnusableError(str(error)) from None
