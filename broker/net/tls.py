"""The broker's certificate: read at the start, and again when its file has changed."""

import asyncio
import logging
import ssl

from broker.engine import BrokerError, Tls

_log = logging.getLogger(__name__)
_REFRESH_SECONDS = 60


class Certificate:
    """A server's certificate. New connections get the one that was read last."""

    def __init__(self, tls: Tls) -> None:
        """Read the files.

        Raises:
            BrokerError: one cannot be read, or they do not belong together.
        """
        self._files = (tls.certificate, tls.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._read()
            if tls.authorities is not None:
                self.context.verify_mode = ssl.CERT_OPTIONAL
                self.context.load_verify_locations(tls.authorities)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(map(str, filter(None, (*self._files, tls.authorities))))
            raise BrokerError(f"the certificate cannot be used ({files}): {error}") from None

    async def keep_fresh(self) -> None:
        """Refresh from time to time, until cancelled."""
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            self.refresh()

    def refresh(self) -> None:
        """Read the files again where they have changed; where they are broken, keep the old."""
        try:
            if self._changed_at() != self._read_at:
                self._read()
                _log.info("the certificate was read again")
        except (OSError, ssl.SSLError) as error:
            _log.error("the new certificate cannot be used, the old one stays: %s", error)

    def _read(self) -> None:
        # Noted first: what cannot be used is complained of once.
        self._read_at = self._changed_at()
        certificate, key = self._files
        self.context.load_cert_chain(certificate, key)

    def _changed_at(self) -> list[int]:
        return [file.stat().st_mtime_ns for file in self._files]
