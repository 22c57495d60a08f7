"""What can go wrong, as the application sees it."""

from parley_protocol.payloads import Rejected
from parley_protocol.rest import Problem


class ApiError(Exception):
    """The server has refused a request; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.detail} ({problem.code})")
        self.problem = problem


class UnreachableError(ConnectionError):
    """The server does not answer just now; the same call may go through later."""


class LoggedOutError(Exception):
    """There is no session, or it has ended: log in."""


class RejectedError(Exception):
    """A message was not stored, and never will be under its id."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"{rejected.detail} ({rejected.code})")
        self.rejected = rejected


class StoreInUseError(Exception):
    """Another client works on the same store: a device has one."""
