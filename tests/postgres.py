"""A real PostgreSQL server for tests: its own folder, its own socket, gone afterwards."""

import os
import shutil
import subprocess
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self


class Postgres:
    """Run a server on a Unix socket in ``folder``. It refuses to run as root, so it does not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bin = _server_programs()
        self._names = (f"test_{number}" for number in count())

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            for path in [self._folder, *self._folder.parents][:3]:
                path.chmod(0o755)
            shutil.chown(self._folder, "postgres")
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "parley", "-A", "trust", "--no-sync")
        # Locks and durability are what is tested, so nothing is loosened but the start.
        settings = f"-k {self._folder} -c listen_addresses="
        self._run(
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-l",
            str(self._folder / "log"),
            "-o",
            settings,
            "start",
        )
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def new_database(self) -> str:
        """Make an empty database and give its SQLAlchemy URL."""
        name = next(self._names)
        self._run("createdb", "-h", str(self._folder), "-U", "parley", name)
        return f"postgresql+psycopg2://parley@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command, user=user, cwd="/", capture_output=program != "pg_ctl", check=False
        )
        assert done.returncode == 0, f"{program}: {done.stderr!r}"


def _server_programs() -> Path:
    """Find the newest installed server; Debian keeps it out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = versions[-1] if versions else Path(shutil.which("initdb") or "")
    assert found.is_file(), "PostgreSQL's server is not installed: run tests/system-packages"
    return found.parent
