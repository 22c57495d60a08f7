"""The end of tasks."""

import asyncio
from collections.abc import Collection
from typing import Any

_PATIENCE_SECONDS = 1.0


async def finish(tasks: Collection[asyncio.Task[Any]], patience: float = _PATIENCE_SECONDS) -> None:
    """Cancel tasks until they have ended; their results are left for the caller.

    Once is not enough: before Python 3.12 ``asyncio.wait_for``, with which the MQTT client waits,
    forgets a cancellation that comes together with what it waits for.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)
