"""The folder that an export is written to: for its owner's eyes, and never over another."""

import os
from collections.abc import Iterable
from pathlib import Path


class FolderError(Exception):
    """The folder cannot be written to; the text is one line."""


def new_folder(path: Path, *, overwrite: bool) -> Path:
    """Make a folder that others cannot read.

    Raises:
        FolderError: it holds something already and ``overwrite`` is not set, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not overwrite and any(path.iterdir()):
            raise FolderError(f"{path} is not empty: name another folder, or add --overwrite")
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from None
    return path


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that others cannot read, complete or not at all."""
    draft = path.with_name(f"{path.name}.part")
    with open(draft, "wb", opener=_private) as file:
        file.writelines(pieces)
    draft.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
