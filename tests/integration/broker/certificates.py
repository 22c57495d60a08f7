"""Certificates of a test's own, signed by an authority of its own."""

from pathlib import Path

import trustme
from amqtt.contrib.cert import generate_device_csr, sign_csr, write_key_and_crt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

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

    def identify(self, uri: str, folder: Path) -> tuple[Path, Path]:
        """Write a client's certificate and its key, as amqtt's tools make them."""
        secret, request = generate_device_csr("GB", "Parley", "device", uri, "device")
        signer = load_pem_private_key(self._authority.private_key_pem.bytes(), password=None)
        own = x509.load_pem_x509_certificate(self._authority.cert_pem.bytes())
        signed = sign_csr(request, signer, own)  # type: ignore[arg-type] # any kind of key signs
        write_key_and_crt(secret, signed, "client", folder)
        return folder / "client.crt", folder / "client.key"

    def listeners(self, folder: Path) -> Tls:
        """Give TLS listeners with a new certificate."""
        certificate, key = folder / "server.pem", folder / "server.key"
        self.certify(certificate, key)
        port, ws_port = free_ports(2)
        return Tls("127.0.0.1", port, ws_port, certificate, key)
