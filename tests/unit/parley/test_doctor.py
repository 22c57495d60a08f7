"""What the doctor finds, in a good set-up and in bad ones."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trustme

from config import keys
from config.settings import Api, Broker, Ledger, Settings, SettingsError
from parley.doctor import Finding, examine, findings_of
from parley.prepare import prepare
from tests.integration.broker.certificates import Authority
from tests.platform import free_ports


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    http, mqtt, ws, metrics = free_ports(4)
    broker = Broker(port=mqtt, ws_port=ws, metrics_port=metrics)
    settings = Settings(data=str(tmp_path / "data"), broker=broker, api=Api(port=http))
    prepare(settings)
    return settings


def bad(settings: Settings) -> list[Finding]:
    return [finding for finding in findings_of(lambda: settings) if not finding.is_good]


def only_bad(settings: Settings) -> Finding:
    (finding,) = bad(settings)
    return finding


def test_a_good_set_up(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(lambda: settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert all(line.startswith("ok ") for line in lines)


def test_settings_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> Settings:
        raise SettingsError("parley.toml: no such key")

    assert examine(load) == 1
    assert capsys.readouterr().out == "BAD  settings: parley.toml: no such key\n"


def test_no_data_folder(settings: Settings, tmp_path: Path) -> None:
    found = bad(msgspec.structs.replace(settings, data=str(tmp_path / "other")))
    assert [finding.what for finding in found] == ["data", "keys", "database"]
    assert "parley setup" in found[0].detail


def test_a_key_that_others_may_read(settings: Settings) -> None:
    file = keys.folder(settings.folder) / "signing.pem"
    file.chmod(0o644)
    assert only_bad(settings) == Finding(
        "keys", is_good=False, detail=f"{file} can be read by others: chmod 600 {file}"
    )


@pytest.mark.parametrize("name", ["public.pem", "bridge.token", "secrets.key"])
def test_a_key_that_is_missing(settings: Settings, name: str) -> None:
    file = keys.folder(settings.folder) / name
    file.unlink()
    reason = f"{file}: No such file or directory: run parley setup"
    assert only_bad(settings) == Finding("keys", is_good=False, detail=reason)


def test_keys_of_different_folders(settings: Settings, tmp_path: Path) -> None:
    keys.create(tmp_path / "other")
    foreign = keys.public_key(tmp_path / "other")
    assert foreign
    file = keys.folder(settings.folder) / "public.pem"
    file.write_bytes((keys.folder(tmp_path / "other") / "public.pem").read_bytes())
    assert "do not belong together" in only_bad(settings).detail


def test_a_database_that_is_away(settings: Settings) -> None:
    (port,) = free_ports(1)
    url = f"postgresql+psycopg2://parley@127.0.0.1:{port}/parley"
    finding = only_bad(msgspec.structs.replace(settings, ledger=Ledger(url=url)))
    assert finding.what == "database"
    assert "refused" in finding.detail
    assert "\n" not in finding.detail


def test_a_database_without_tables(settings: Settings) -> None:
    for file in settings.folder.glob("parley.db*"):
        file.unlink()
    assert "run parley setup" in only_bad(settings).detail


@pytest.fixture
def stranger(settings: Settings) -> Iterator[None]:
    """Listen on the API's port, and speak no HTTP."""
    with socket.create_server(("127.0.0.1", settings.api.port)) as server:
        server.settimeout(0)
        yield


@pytest.mark.usefixtures("stranger")
def test_a_port_that_something_else_has(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parley.doctor._TIMEOUT_SECONDS", 0.2)
    finding = only_bad(settings)
    assert finding.what == "api.port"
    assert "not Parley" in finding.detail


def test_a_certificate(settings: Settings, tmp_path: Path) -> None:
    tls = Authority(tmp_path / "authority").listeners(tmp_path)
    broker = msgspec.structs.replace(
        settings.broker, certificate=str(tls.certificate), tls_port=tls.port, wss_port=tls.ws_port
    )
    settings = msgspec.structs.replace(settings, broker=broker)
    assert bad(settings) == []
    tls.certificate.write_text("nonsense")
    assert "is not a certificate" in only_bad(settings).detail
    tls.certificate.unlink()
    assert "No such file" in only_bad(settings).detail
    ended = datetime.now(UTC) - timedelta(days=1)
    issued = trustme.CA().issue_cert("localhost", not_after=ended)
    issued.cert_chain_pems[0].write_to_path(str(tls.certificate))
    assert "has expired" in only_bad(settings).detail
