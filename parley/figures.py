"""Where the processes of a service put their figures, so that each can show those of all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared() -> Iterator[None]:
    """Make a folder for them; to be entered before anything imports ``prometheus_client``."""
    pid, folder = os.getpid(), tempfile.mkdtemp(prefix="parley-figures-")
    os.environ[_VARIABLE] = folder
    try:
        yield
    finally:
        # A process that was forked within the block leaves it, too.
        if os.getpid() == pid:
            shutil.rmtree(folder, ignore_errors=True)
