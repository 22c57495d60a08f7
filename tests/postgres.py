"""A real PostgreSQL server for tests: its own folder, its own socket, gone afterwards."""

import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Literal, Self

import psutil


class Postgres:
    """Run a server on a Unix socket in a folder of its own. It refuses to run as root."""

    def __init__(self) -> None:
        # Not among pytest's folders, which are closed to the user that runs it in root's place.
        self._folder = Path(mkdtemp(prefix="parley-postgres-"))
        self._data = self._folder / "data"
        self._bin = _server_programs()
        self._names = (f"test_{number}" for number in count())

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "parley", "-A", "trust", "--no-sync")
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        # Locks and durability are what is tested, so nothing is loosened but the start.
        settings = f"-k {self._folder} -c listen_addresses="
        log = str(self._folder / "log")
        self._control("start", "-l", log, "-o", settings)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server; its clients lose their connections."""
        self._control("stop", "-m", mode)

    def kill(self) -> None:
        """End the server as a loss of power would: SIGKILL for all of its processes."""
        main = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        family = [main, *main.children(recursive=True)]
        for process in family:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family)

    def new_database(self) -> str:
        """Make an empty database and give its SQLAlchemy URL."""
        name = next(self._names)
        self._run("createdb", "-h", str(self._folder), "-U", "parley", name)
        return f"postgresql+psycopg2://parley@/{name}?host={self._folder}"

    def files(self, oid: int) -> Path:
        """Give the folder in which a database keeps its tables; the log of writes is elsewhere."""
        return self._data / "base" / str(oid)

    def drop_database(self, url: str) -> None:
        """Remove a database and its files."""
        name = url.partition("@/")[2].partition("?")[0]
        self._run("dropdb", "--force", "-h", str(self._folder), "-U", "parley", name)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-sw", *arguments)

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
