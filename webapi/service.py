"""Run the API as a service, on gunicorn."""

import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from config.settings import Settings, SettingsError
from webapi.app import create_app

_GRACE_SECONDS = 8


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that were begun are finished first.

    Raises:
        SettingsError: the port cannot be listened on.
    """
    _require_free_port(settings.api.host, settings.api.port)
    _Server(settings).run()


class _Server(BaseApplication):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        api = self._settings.api
        chosen: dict[str, Any] = {
            "bind": f"[{api.host}]:{api.port}" if ":" in api.host else f"{api.host}:{api.port}",
            "workers": api.workers,
            "threads": api.threads,
            "worker_class": "gthread",
            "graceful_timeout": _GRACE_SECONDS,
            "logger_class": _Logger,
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]
        # Called in each worker, so that no connection to the database is shared between them.
        return create_app(self._settings)


class _Logger(Logger):
    """Log like everything else; and no requests, because their addresses are nobody's business."""

    def setup(self, _config: object) -> None:
        self.error_log.propagate = True
        self.access_log.disabled = True


def _require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"port {port} on {host} (api.port) cannot be used: {error.strerror}"
            raise SettingsError(reason) from None
