"""What a backup says of itself, and whether that is so. Pure."""

import hashlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct

NAME = "manifest.json"
FORM = 1
"""Counts up when what is in the file changes so that an older Parley cannot read it."""


class BackupError(Exception):
    """The backup cannot be made or used; the text is one line."""


class File(Struct, frozen=True):
    """A file in the backup."""

    size: int
    sha256: str


class Table(Struct, frozen=True):
    """A table: its columns in the order of the rows' fields."""

    columns: tuple[str, ...]
    rows: int


class Manifest(Struct, frozen=True, kw_only=True):
    """The last file of a backup, so that one that was cut off has none.

    ``revision`` is that of the tables (``storage.sql.migrations``), ``made_at`` in RFC 3339.
    """

    form: int
    version: str
    made_at: str
    revision: str
    tables: dict[str, Table]
    files: dict[str, File]


def describe(content: bytes) -> File:
    """Give a file's size and checksum."""
    return File(len(content), hashlib.sha256(content).hexdigest())


def read_manifest(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        BackupError: it is missing, broken, or of a newer Parley.
    """
    if not content:
        raise BackupError("it has no manifest, so it was cut off or is none of Parley's")
    try:
        form = msgspec.json.decode(content, type=_Form).form
        if form != FORM:
            raise BackupError(f"it has form {form}, this Parley reads form {FORM}")
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"its manifest is broken: {error}") from None


def require_whole(manifest: Manifest, found: Mapping[str, File]) -> None:
    """Compare what is in the file with what the manifest says.

    Raises:
        BackupError: something is missing, changed or added.
    """
    for name in sorted(manifest.files.keys() | found.keys()):
        if manifest.files.get(name) != found.get(name):
            raise BackupError(f"it is damaged: {name} is not as it was written")


class _Form(Struct):
    form: int
