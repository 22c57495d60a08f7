"""A service's line to its supervisor, on stdin: says when it is ready, tells when to leave."""

import os
import signal
import threading

_STDIN = 0
VARIABLE = "PARLEY_SUPERVISED"


def end_with_parent() -> None:
    """Leave gracefully when the supervisor, which holds the line's other end, is gone."""
    if os.environ.get(VARIABLE):
        threading.Thread(target=_watch, daemon=True).start()


def tell_ready() -> None:
    """Let the supervisor know that the service does its work."""
    if os.environ.get(VARIABLE):
        os.write(_STDIN, b"1")


def _watch() -> None:
    # Not sys.stdin: its lock must be free when the interpreter ends.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
