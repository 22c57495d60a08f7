"""A real ClickHouse server for tests: its own folder, its own ports, gone afterwards."""

import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from tests.platform import free_ports, wait

_SERVER = """
<yandex>
    <logger><level>warning</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host>
    <tcp_port>{tcp}</tcp_port>
    <http_port>{http}</http_port>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <users_config>users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <merge_tree><old_parts_lifetime>1</old_parts_lifetime></merge_tree>
    <mark_cache_size>67108864</mark_cache_size>
    <compression><case><method>{compression}</method></case></compression>
</yandex>
"""
_USERS = """
<yandex>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        <parley>
            <password>{password}</password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </parley>
    </users>
</yandex>
"""
PASSWORD = "a password of ClickHouse"
"""The server's only user is ``parley``."""


class ClickHouse:
    """Run a server on loopback in ``folder``; it can be killed, and started again."""

    def __init__(self, folder: Path, compression: str = "zstd") -> None:
        self._folder = folder
        self._compression = compression
        self._tcp, self._http = free_ports(2)
        self._names = (f"test_{number}" for number in count())
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        own = {"folder": self._folder, "tcp": self._tcp, "http": self._http}
        own["compression"] = self._compression
        (self._folder / "config.xml").write_text(_SERVER.format(**own))
        (self._folder / "users.xml").write_text(_USERS.format(password=PASSWORD))
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        program = shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/usr/local/bin")
        assert program, "ClickHouse's server is not installed: run tests/system-packages"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, f"--config-file={self._folder}/config.xml"],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )
        wait(self._answers, (self._folder / "log").read_text)

    def kill(self) -> None:
        """End the server with SIGKILL, if it is there."""
        if self._process is not None:
            # It may have been stopped, and a stopped process does not even end.
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let the server hang: it takes connections and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def run(self, statement: str, database: str = "default") -> list[tuple[object, ...]]:
        """Run a statement as the server's user."""
        client = Client("127.0.0.1", self._tcp, database, "parley", PASSWORD, connect_timeout=1)
        try:
            rows: list[tuple[object, ...]] = client.execute(statement)
            return rows
        finally:
            client.disconnect()

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = next(self._names)
        self.run(f"CREATE DATABASE {name}")
        return f"clickhouse://parley@127.0.0.1:{self._tcp}/{name}"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            return self.run("SELECT 1") == [(1,)]
        except (Error, OSError, EOFError):
            return False
