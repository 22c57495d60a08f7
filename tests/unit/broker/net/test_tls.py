"""The certificate: what cannot be used is said at the start, a new one is taken while running."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from broker.engine import BrokerError
from broker.net.tls import Certificate
from tests.integration.broker.certificates import Authority


async def greeted(certificate: Certificate, trusted: Path) -> bool:
    """Tell whether a client that trusts an authority accepts the server."""

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = ssl.create_default_context(cafile=str(trusted))
    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=certificate.context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        return True


async def test_a_changed_certificate_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "first"), Authority(tmp_path / "second")
    tls = first.listeners(tmp_path)
    certificate = Certificate(tls)
    assert await greeted(certificate, first.file)
    assert not await greeted(certificate, second.file)
    second.certify(tls.certificate, tls.key)
    certificate.refresh()
    assert await greeted(certificate, second.file)
    tls.certificate.write_text("no certificate")
    certificate.refresh()
    assert await greeted(certificate, second.file)


@pytest.mark.parametrize("broken", ["certificate", "key", "authorities"])
def test_what_cannot_be_used_is_named(tmp_path: Path, broken: str) -> None:
    tls = Authority(tmp_path / "authority").listeners(tmp_path)
    file = tmp_path / "other.pem"
    for content in (None, "nonsense"):
        if content is not None:
            file.write_text(content)
        with pytest.raises(BrokerError, match=str(file)):
            Certificate(replace(tls, **{broken: file}))  # type: ignore[arg-type]
