"""Files of a folder or of a ZIP file, read the same way."""

import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from parley.portability.imports.model import UnreadableError


class Folder:
    """A folder or a ZIP file. Nothing is unpacked, so a name in it is no path on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        try:
            if path.is_dir():
                files = (file for file in path.rglob("*") if file.is_file())
                self.names = sorted(file.relative_to(path).as_posix() for file in files)
            else:
                self._zip = zipfile.ZipFile(path)
                self.names = sorted(n for n in self._zip.namelist() if not n.endswith("/"))
        except zipfile.BadZipFile:
            raise UnreadableError(f"{path} is neither a folder nor a ZIP file") from None
        except OSError as error:
            raise UnreadableError(f"{path}: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _k: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        if self._zip is not None:
            self._zip.close()

    def read(self, name: str) -> bytes:
        """Read one of ``names``."""
        try:
            return self._zip.read(name) if self._zip else (self.path / name).read_bytes()
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            # RuntimeError: the file is encrypted.
            raise UnreadableError(f"{self.path}: {name}: {error}") from None

    def within(self, folder: PurePosixPath, ending: str) -> list[str]:
        """Give the names of files that lie right in a folder and end so."""
        paths = map(PurePosixPath, self.names)
        return [str(p) for p in paths if p.parent == folder and p.name.endswith(ending)]
