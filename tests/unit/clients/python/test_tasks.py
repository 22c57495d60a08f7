"""Tasks are ended, even those that miss being told."""

import asyncio
from contextlib import suppress

import pytest

from parley_client.tasks import finish


async def deaf(times: int) -> None:
    """Go on as if nothing had been said, so many times."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_a_task_that_misses_its_cancellation_is_told_again(times: int) -> None:
    tasks = [asyncio.create_task(deaf(number)) for number in (0, times)]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await finish(tasks, patience=0.01)
    assert all(task.cancelled() for task in tasks)


async def test_what_has_ended_keeps_its_result() -> None:
    async def answer() -> int:
        return 42

    task = asyncio.create_task(answer())
    await task
    await finish([task])
    assert task.result() == 42
