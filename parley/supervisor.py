"""Look after services: start them, start them again when they die, stop them in order."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from parley import supervised
from parley.backoff import Backoff

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10.0


class Child:
    """One service and the thread that keeps it alive. Its process id is in ``pid_file``."""

    def __init__(self, name: str, command: Sequence[str], pid_file: Path) -> None:
        self.name = name
        self._command = command
        self._pid_file = pid_file
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._is_ready = False
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watcher = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Begin to keep the service alive."""
        self._watcher.start()

    def stop(self) -> None:
        """Ask the service to end, and make it end where it takes too long."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                _log.warning("the %s does not stop: ending it", self.name)
                process.kill()
        self._watcher.join()
        if self._line is not None:
            self._line.close()
        self._pid_file.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Tell whether the service has said that it does its work."""
        with self._lock, suppress(BlockingIOError):
            if not self._is_ready and self._line is not None:
                self._is_ready = bool(self._line.recv(1))
        return self._is_ready

    def _keep(self) -> None:
        backoff = Backoff()
        while process := self._spawn():
            begun = time.monotonic()
            status = _last_to_its_end(process)
            if self._stopping.is_set():
                break
            pause = backoff.pause(time.monotonic() - begun)
            _log.warning("the %s has ended (%s): again in %.1f s", self.name, status, pause)
            self._stopping.wait(pause)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            with self._new_line() as theirs:
                self._process = self._run(theirs)
            self._note_pid(self._process.pid)
            return self._process

    def _run(self, stdin: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - commands of our own making
            self._command,
            stdin=stdin.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, supervised.VARIABLE: "1"},
            # Ctrl-C is for the supervisor alone: it stops the services in order.
            start_new_session=True,
        )

    def _note_pid(self, pid: int) -> None:
        # Complete at every moment, whoever reads it.
        draft = self._pid_file.with_suffix(".new")
        draft.write_text(str(pid))
        draft.replace(self._pid_file)

    def _new_line(self) -> socket.socket:
        if self._line is not None:
            self._line.close()
        self._line, theirs = socket.socketpair()
        self._line.settimeout(0)
        self._is_ready = False
        return theirs


def _last_to_its_end(process: subprocess.Popen[bytes]) -> int:
    """Pass on what a service says until it has ended, with all that it has started."""
    speaker = threading.Thread(target=_pass_on_output, args=(process,), daemon=True)
    speaker.start()
    status = process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    speaker.join()
    return status


def _pass_on_output(process: subprocess.Popen[bytes]) -> None:
    with process:
        for line in process.stdout or ():
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


class Supervisor:
    """All services, started in one order and stopped in the other."""

    def __init__(self, commands: Mapping[str, Sequence[str]], folder: Path) -> None:
        self._children = [
            Child(name, command, folder / f"{name}.pid") for name, command in commands.items()
        ]

    def start(self) -> None:
        """Start all."""
        for child in self._children:
            child.start()

    def is_ready(self) -> bool:
        """Tell whether every service does its work."""
        return all(child.is_ready() for child in self._children)

    def stop(self) -> None:
        """Stop all, the last started first."""
        for child in reversed(self._children):
            child.stop()
