"""A service that was started by the supervisor ends when the supervisor is gone."""

import os
import signal
import threading

_STDIN = 0
VARIABLE = "PARLEY_SUPERVISED"


def end_with_parent() -> None:
    """Watch stdin, a pipe that the supervisor holds open, and leave gracefully at its end."""
    if os.environ.get(VARIABLE):
        threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    # Not sys.stdin: its lock must be free when the interpreter ends.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
