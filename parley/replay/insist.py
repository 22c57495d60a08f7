"""Go on where the API is away for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from parley_client import UnreachableError

_RETRY_SECONDS = 0.5
_ATTEMPTS = 15
_T = TypeVar("_T")


async def insist(call: Callable[[], Awaitable[_T]]) -> _T:
    """Repeat a call that changes nothing when repeated, while the API is away."""
    for attempt in range(_ATTEMPTS):
        try:
            return await call()
        except UnreachableError:
            await asyncio.sleep(_RETRY_SECONDS * (attempt + 1))
    return await call()
