"""``python -m bench [LOG ...]``: replay logs, each on a platform of its own."""

import asyncio
import sys
from pathlib import Path

from bench.replay import measure
from tests.logs import GARDEN


def main() -> None:
    """Measure each log that is named, or the short one of the tests."""
    for file in [Path(name) for name in sys.argv[1:]] or [GARDEN]:
        print(asyncio.run(measure(file)).decode(), flush=True)  # noqa: T201 - its purpose


main()
