"""The backup's file: written in one go and never half, read from its beginning to its end."""

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parley.portability.backup.manifest import (
    NAME,
    BackupError,
    File,
    Manifest,
    describe,
    read_manifest,
    require_whole,
)

_LEVEL = 3
_FILE_MAX = 1 << 30
"""Bytes of one file in a backup; what is written is far below."""
_CHUNK = 1 << 16
_BROKEN = (OSError, EOFError, tarfile.TarError, zlib.error)


class Pack:
    """A backup that is being written."""

    def __init__(self, tar: tarfile.TarFile, now: float) -> None:
        self._tar = tar
        self._now = int(now)
        self.files: dict[str, File] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a file."""
        self.files[name] = describe(content)
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(content), self._now, 0o600
        self._tar.addfile(info, io.BytesIO(content))


@contextmanager
def new_pack(path: Path, now: float) -> Iterator[Pack]:
    """Write a file that others cannot read; it bears its name when it is whole and on disk.

    Raises:
        BackupError: there is such a file already, or it cannot be written.
    """
    draft = path.with_name(f"{path.name}.part")
    if path.exists():
        raise BackupError(f"{path} is there already")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"{draft}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with (
                gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=now) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                yield Pack(tar, now)
            raw.flush()
            os.fsync(raw.fileno())
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files of a backup, one after the other.

    Raises:
        BackupError: it cannot be read to its end.
    """
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            for info in tar:
                file = tar.extractfile(info) if info.isreg() and info.size < _FILE_MAX else None
                if file is None:
                    raise BackupError(f"{path} is no backup of Parley's")
                yield info.name, file.read()
            # To the very end, where the checksum over everything stands (RFC 1952).
            while packed.read(_CHUNK):
                pass
    except FileNotFoundError:
        raise BackupError(f"{path} is not there") from None
    except _BROKEN:
        raise BackupError(f"{path} is no backup of Parley's, or was cut off") from None


def verify(path: Path) -> Manifest:
    """Read a backup once to its end, and give its manifest.

    Raises:
        BackupError: it is not whole, or not as it was written.
    """
    found: dict[str, File] = {}
    last = b""
    for name, content in files_of(path):
        if name == NAME:
            last = content
        else:
            found[name] = describe(content)
    try:
        manifest = read_manifest(last)
        require_whole(manifest, found)
    except BackupError as error:
        raise BackupError(f"{path}: {error}") from None
    return manifest
