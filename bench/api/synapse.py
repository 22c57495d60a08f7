"""Synapse, Matrix's server, in an environment of its own, on SQLite as it is by default."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml

from bench.api.load import Request
from tests.platform import accepts, free_ports, wait

VERSION = "1.163.2"
_PLACE = Path("build/synapse")
_USER = {"username": "ada", "password": "a long password", "auth": {"type": "m.login.dummy"}}
_FREE = {"per_second": 1_000_000, "burst_count": 1_000_000}


@contextmanager
def running(texts: list[str]) -> Iterator[Request]:
    """Run a server with a room of these messages, and give the request for a page of them."""
    python = _installed()
    with TemporaryDirectory(prefix="parley-bench-synapse-") as folder:
        (port,) = free_ports(1)
        settings = _settings(python, Path(folder), port)
        command = [str(python), "-m", "synapse.app.homeserver", "-c", str(settings)]
        server = subprocess.Popen(  # noqa: S603 - a command of our own making
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait(lambda: accepts(port))
            yield _page(f"http://127.0.0.1:{port}/_matrix/client/v3", texts)
        finally:
            server.kill()
            server.wait()


def _installed() -> Path:
    python = _PLACE / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_PLACE)], check=True)  # noqa: S603
        command = [str(python), "-m", "pip", "install", "-q", f"matrix-synapse=={VERSION}"]
        subprocess.run(command, check=True)  # noqa: S603 - likewise
    return python.absolute()


def _settings(python: Path, folder: Path, port: int) -> Path:
    file = folder / "homeserver.yaml"
    command = [str(python), "-m", "synapse.app.homeserver", "--server-name", "bench"]
    command += ["--config-path", str(file), "--generate-config", "--report-stats=no"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)  # noqa: S603
    settings = yaml.safe_load(file.read_text())
    listener = {"port": port, "bind_addresses": ["127.0.0.1"], "type": "http"}
    settings["listeners"] = [{**listener, "resources": [{"names": ["client"]}]}]
    settings |= {"enable_registration": True, "enable_registration_without_verification": True}
    settings |= {"rc_message": _FREE, "rc_registration": _FREE}
    file.write_text(yaml.safe_dump(settings))
    return file


def _page(api: str, texts: list[str]) -> Request:
    with httpx.Client(timeout=60) as client:
        session = client.post(f"{api}/register", json=_USER).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {session['access_token']}"
        room = client.post(f"{api}/createRoom", json={}).raise_for_status().json()["room_id"]
        for number, text in enumerate(texts):
            message = {"msgtype": "m.text", "body": text}
            path = f"{api}/rooms/{room}/send/m.room.message/{number}"
            client.put(path, json=message).raise_for_status()
    return Request(f"{api}/rooms/{room}/messages?dir=b&limit=50", session["access_token"])
