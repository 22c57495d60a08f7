"""Certificates of a test's own, signed by an authority of its own."""

from pathlib import Path

import trustme

from broker.engine import Tls
from tests.platform import free_ports


class Authority:
    """Signs a certificate for this machine; ``file`` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def certify(self, certificate: Path, key: Path) -> None:
        """Write a server's certificate and its key."""
        issued = self._authority.issue_cert("127.0.0.1", "localhost")
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))

    def listeners(self, folder: Path) -> Tls:
        """Give TLS listeners with a new certificate."""
        certificate, key = folder / "server.pem", folder / "server.key"
        self.certify(certificate, key)
        port, ws_port = free_ports(2)
        return Tls("127.0.0.1", port, ws_port, certificate, key)
