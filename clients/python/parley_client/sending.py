"""A message on its way, as the application holds it."""

import asyncio

from parley_client.errors import RejectedError
from parley_protocol.payloads import Rejected


class Sending:
    """A message that is safe in the outbox; ``id`` is its id for ever."""

    def __init__(self, message_id: str) -> None:
        self.id = message_id
        self._answer: int | Rejected | None = None
        self._answered = asyncio.Event()

    async def stored(self) -> int:
        """Wait until the message is in the server's database, and give its seq.

        Raises:
            RejectedError: it never will be.
        """
        await self._answered.wait()
        if isinstance(self._answer, Rejected):
            raise RejectedError(self._answer)
        return self._answer or 0

    def answer(self, answer: int | Rejected) -> None:
        """Note the server's answer: a seq, or why not."""
        self._answer = answer
        self._answered.set()
