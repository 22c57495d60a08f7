"""What the broker needs of whatever lets it survive its process."""

from collections.abc import Callable
from typing import Protocol

from broker.core.message import Message
from broker.core.session import Session


class Journal(Protocol):
    """What survives the process. ``store`` answers by ``Core.stored`` when it is on disk."""

    def store(
        self, message: Message, client_ids: list[str], origin: tuple[str, int] | None = None
    ) -> None:
        """Keep a message for persistent sessions, and give it a number.

        ``origin`` is the client id and the packet id by which it came at QoS 2.
        """

    def arrived(self, message: Message, client_id: str) -> None:
        """Note that a stored message need not be sent to a session any more.

        When ``message.waiting`` is 0, nobody waits for it at all.
        """

    def then(self, step: Callable[[], None]) -> None:
        """Take a step when all that was noted until now is on disk."""

    def sent(self, client_id: str, packet_id: int, number: int) -> None:
        """Note by which packet id a stored message is sent at QoS 2; with 0, that it arrived."""

    def sent_complete(self, client_id: str, packet_id: int) -> None:
        """Forget a packet id by which something was sent."""

    def received_complete(self, client_id: str, packet_id: int) -> None:
        """Forget a packet id by which something was received."""

    def keep_session(self, session: Session) -> None:
        """Keep a session's subscriptions and life."""

    def end_session(self, client_id: str) -> None:
        """Forget a session, and what waits for it."""

    def retain(self, message: Message) -> None:
        """Keep a retained message, or forget it where its payload is empty."""
