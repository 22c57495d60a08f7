"""Programs in JavaScript, with what their lock names installed."""

import fcntl
import subprocess
from pathlib import Path

_TESTS = Path(__file__).parent


def installed(name: str) -> Path:
    """Give a folder of tests that holds programs, ready to run."""
    folder = _TESTS / name
    done, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    with lock.open() as held:
        # One process installs, others wait for it.
        fcntl.flock(held, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True)
    return folder
