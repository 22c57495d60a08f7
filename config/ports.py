"""Whether a port can be listened on, asked before anything is begun."""

import socket

from config.settings import SettingsError


def require_free(setting: str, host: str, port: int) -> None:
    """Check that nothing listens there yet.

    Raises:
        SettingsError: the port cannot be used; names the setting.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"port {port} on {host} ({setting}) cannot be used: {error.strerror}"
            raise SettingsError(reason) from None
