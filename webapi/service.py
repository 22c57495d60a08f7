"""Run the API as a service, on gunicorn."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from config.ports import require_free
from config.settings import Settings
from webapi.app import create_app
from webapi.operations.figures import forget_process

_GRACE_SECONDS = 8


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that were begun are finished first.

    Raises:
        SettingsError: the port cannot be listened on.
    """
    require_free("api.port", settings.api.host, settings.api.port)
    _Server(settings, tell_ready).run()


class _Server(BaseApplication):
    def __init__(self, settings: Settings, tell_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._tell_ready = tell_ready
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
            "post_worker_init": self._note_worker,
            "child_exit": lambda _server, worker: forget_process(worker.pid),
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def _note_worker(self, worker: Worker) -> None:
        # Workers start one after the other, and one that is told to stop before it is here does
        # not hear it. So the last of them says that all are ready.
        if worker.age == self._settings.api.workers:
            self._tell_ready()

    def load(self) -> Flask:  # type: ignore[override]
        # Called in each worker, so that no connection to the database is shared between them.
        return create_app(self._settings)


class _Logger(Logger):
    """Log like everything else; requests are logged by ``operations.watch``, without addresses."""

    def setup(self, _config: object) -> None:
        self.error_log.propagate = True
        self.access_log.disabled = True
