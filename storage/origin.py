"""Which request a change came from; it goes with the change into the outbox, and into logs."""

from contextvars import ContextVar

REQUEST_MAX = 64
"""Characters of a request's id."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered; ``None`` where there is none."""
