"""Mails go to a real server over TLS, or stay; it is nodemailer's, in ``tests/servers-js``."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from keeper.transport import PASSWORD_VARIABLE, Smtp, UndeliverableError, compose
from storage.mails import Letter
from tests.javascript import installed
from tests.platform import accepts, free_ports, wait

_LETTER = Letter(to="ada@example.org", subject="Grüße", text="Ein Schlüssel: X7Y.\n")
_USER = quote("parley@example.net", safe="")


class Server:
    """A mail server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def mail(self) -> dict[str, Any]:
        """Wait for the next mail."""
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system trust the authority, and know the password."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv(PASSWORD_VARIABLE, "a mail secret")


@contextmanager
def serving(authority: trustme.CA, folder: Path, mode: str) -> Iterator[Server]:
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (port,) = free_ports(1)
    command = ["node", "smtp.js", str(port), str(folder / "cert.pem"), str(folder / "key.pem")]
    place = installed("servers-js")
    with subprocess.Popen([*command, mode], cwd=place, stdout=-1, text=True) as process:
        try:
            wait(lambda: accepts(port))
            yield Server(process, port)
        finally:
            process.terminate()


def send(url: str, letter: Letter = _LETTER) -> None:
    Smtp(url).send(compose(letter, "Tea <tea@example.net>"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "mode"), [("smtps", "tls"), ("smtp", "starttls")])
def test_a_mail_arrives_over_tls(
    authority: trustme.CA, tmp_path: Path, scheme: str, mode: str
) -> None:
    with serving(authority, tmp_path, mode) as server:
        send(f"{scheme}://{_USER}@127.0.0.1:{server.port}")
        mail = server.mail()
        assert (mail["secure"], mail["user"]) == (True, "parley@example.net")
        assert (mail["from"], mail["to"]) == ("tea@example.net", ["ada@example.org"])
        read = message_from_bytes(mail["data"].encode(), policy=default)
        assert read["Subject"] == _LETTER.subject
        assert read.get_content().splitlines() == _LETTER.text.splitlines()
        for to, is_final in (("nobody@example.org", True), ("busy@example.org", False)):
            letter = Letter(to=to, subject="x", text="x")
            with pytest.raises(UndeliverableError) as refused:
                send(f"{scheme}://127.0.0.1:{server.port}", letter)
            assert refused.value.is_final == is_final
            assert to not in str(refused.value)


@pytest.mark.usefixtures("trusted")
def test_nothing_is_said_to_a_server_without_tls(authority: trustme.CA, tmp_path: Path) -> None:
    with serving(authority, tmp_path, "plain") as server:
        with pytest.raises(UndeliverableError, match="NotSupported") as refused:
            send(f"smtp://{_USER}@127.0.0.1:{server.port}")
        assert not refused.value.is_final


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "mode"), [("smtps", "tls"), ("smtp", "starttls")])
def test_nothing_is_said_to_a_server_that_nobody_vouches_for(
    tmp_path: Path, scheme: str, mode: str
) -> None:
    with (
        serving(trustme.CA(), tmp_path, mode) as server,
        pytest.raises(UndeliverableError, match="SSLCertVerificationError"),
    ):
        send(f"{scheme}://127.0.0.1:{server.port}")


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_may_be_mended(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "a wrong secret")
    with serving(authority, tmp_path, "tls") as server:
        with pytest.raises(UndeliverableError, match="535") as refused:
            send(f"smtps://{_USER}@127.0.0.1:{server.port}")
        assert not refused.value.is_final
        assert "secret" not in str(refused.value)


def test_a_server_that_is_away() -> None:
    (port,) = free_ports(1)
    with pytest.raises(UndeliverableError, match="ConnectionRefusedError") as refused:
        send(f"smtps://127.0.0.1:{port}")
    assert not refused.value.is_final
