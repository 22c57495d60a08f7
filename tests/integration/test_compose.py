"""The container set-up, as far as it can be checked without an engine."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as paho
import pytest
import yaml
from compose_spec import PyCompose
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import make_url

from config.settings import load
from parley.cli import parley
from tests.platform import Platform, free_ports, wait

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "config" / "compose"
_OURS = ("broker", "bridge", "keeper", "webapi")
SETTINGS = load(_FOLDER / "parley.toml")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Parse it, which checks it against the Compose specification."""
    merged = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())
    found: dict[str, Any] = PyCompose.from_json(json.dumps(merged)).to_dict()
    return found


def test_what_runs(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*_OURS, "setup", "postgres", "clickhouse", "nginx"}


@pytest.mark.parametrize("service", _OURS)
def test_commands_are_real(compose: dict[str, Any], service: str) -> None:
    name, *arguments = compose["services"][service]["command"]
    assert name == service
    parley.commands[name].make_context(name, list(arguments))
    assert arguments == ["--config", "/etc/parley/parley.toml"]


def test_scripts_and_files_are_there(compose: dict[str, Any]) -> None:
    dockerfile = (_ROOT / "Dockerfile").read_text()
    for script in ("entrypoint", "setup"):
        assert (_FOLDER / script).stat().st_mode & 0o111
    assert "/opt/parley/config/compose/entrypoint" in dockerfile
    assert compose["services"]["setup"]["entrypoint"] == ["/opt/parley/config/compose/setup"]
    assert "config/compose/parley.toml /etc/parley/parley.toml" in dockerfile


def test_ports_are_real(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["broker"]["ports"] == [f"127.0.0.1:1883:{SETTINGS.broker.port}"]
    assert services["nginx"]["ports"] == ["127.0.0.1:8080:8080"]
    assert f"'127.0.0.1', {SETTINGS.broker.port})" in services["broker"]["healthcheck"]["test"][-1]
    assert f":{SETTINGS.api.port}/ready" in services["webapi"]["healthcheck"]["test"][-1]
    nginx = (_FOLDER / "nginx.conf").read_text()
    assert f"http://webapi:{SETTINGS.api.port};" in nginx
    assert f"http://broker:{SETTINGS.broker.ws_port};" in nginx


def test_hosts_are_services(compose: dict[str, Any]) -> None:
    urls = (SETTINGS.broker_url, SETTINGS.archive.url)
    hosts = {make_url(SETTINGS.ledger_url).host, *(urlsplit(url).hostname for url in urls)}
    assert hosts == {"postgres", "broker", "clickhouse"}
    assert hosts <= compose["services"].keys()


def test_whoever_reads_the_archive_has_its_password(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("keeper", "bridge", "webapi", "clickhouse"):
        assert "clickhouse_password" in services[name]["secrets"]
    environment = services["clickhouse"]["environment"]
    url = urlsplit(SETTINGS.archive.url)
    assert (environment["CLICKHOUSE_USER"], environment["CLICKHOUSE_DB"]) == (
        url.username,
        url.path.removeprefix("/"),
    )


def test_nothing_is_reached_from_elsewhere(compose: dict[str, Any]) -> None:
    published = [
        port for service in compose["services"].values() for port in service.get("ports", [])
    ]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_each_service_gets_its_own_keys_alone(tmp_path: Path) -> None:
    """Run the set-up's script, with the container's folders moved into one of the test's."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("entrypoint", "setup"):
        script = (_FOLDER / name).read_text()
        for folder in ("/var/lib/parley", "/srv/", "/run/secrets", "/tmp/pgpass"):
            script = script.replace(folder, f"{tmp_path}{folder}")
        (programs / name).write_text(script)
        (programs / name).chmod(0o700)
    for folder in ("srv", "run/secrets", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "run/secrets/postgres_password").write_text("from the secret\n")
    settings = tmp_path / "parley.toml"
    settings.write_text(f"data = '{tmp_path}/var/lib/parley'\n")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run([programs / "setup", settings], check=True, env={"PATH": path})
    found = {
        folder: sorted(file.name for file in (tmp_path / folder / "keys").iterdir())
        for folder in ("var/lib/parley", "srv/broker", "srv/bridge", "srv/keeper")
    }
    assert found == {
        "var/lib/parley": ["bridge.token", "public.pem", "secrets.key", "signing.pem"],
        "srv/broker": ["public.pem"],
        "srv/bridge": ["bridge.token", "public.pem"],
        "srv/keeper": ["public.pem", "secrets.key"],
    }
    pgpass = tmp_path / "tmp" / "pgpass"
    assert pgpass.read_text() == "postgres:5432:parley:parley:from the secret\n"
    assert pgpass.stat().st_mode & 0o077 == 0


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[int]:
    """Run the real nginx by the real file in front of a platform; give its port."""
    (port,) = free_ports(1)
    with Platform(tmp_path) as platform:
        conf = (_FOLDER / "nginx.conf").read_text()
        for written, here in {
            "listen 8080": f"listen 127.0.0.1:{port}",
            "http://webapi:8080": platform.url,
            "http://broker:8083": f"http://127.0.0.1:{platform.ws}",
            "/tmp/nginx.pid": f"{tmp_path}/nginx.pid",
        }.items():
            assert written in conf
            conf = conf.replace(written, here)
        (tmp_path / "nginx.conf").write_text(conf)
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
        assert program, "nginx is not installed: run tests/system-packages"
        files = ["-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        server = subprocess.Popen([program, *files, "-g", "daemon off;"])
        yield port
        server.terminate()
        assert server.wait(20) == 0


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready").is_success
    except httpx.HTTPError:
        return False


def test_nginx_passes_http_and_websocket_on(nginx: int) -> None:
    wait(lambda: answers(nginx))
    url = f"http://127.0.0.1:{nginx}"
    body = {"name": "ada", "password": "a long enough password"}
    session = httpx.post(f"{url}/v1/accounts", json=body).raise_for_status().json()
    connected: list[bool] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{session['uid']}-{session['device']}",
        transport="websockets",
    )
    client.ws_set_options(path="/mqtt")
    client.username_pw_set(session["uid"], session["access_token"])
    client.on_connect = lambda _c, _u, _f, reason, _p: connected.append(not reason.is_failure)
    client.connect("127.0.0.1", nginx)
    client.loop_start()
    wait(lambda: bool(connected))
    client.disconnect()
    client.loop_stop()
    assert connected == [True]
