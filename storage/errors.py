"""Why a change or a question is refused. ``code`` is stable, the text is for people."""


class LedgerError(Exception):
    """The ledger refuses; nothing was changed."""

    code = "refused"


class NotFoundError(LedgerError):
    """There is no such thing, or it is not the asker's to see."""

    code = "not_found"


class ForbiddenError(LedgerError):
    """The asker's role does not allow it."""

    code = "forbidden"


class GroupFullError(LedgerError):
    """The group would have more members than a group can have."""

    code = "group_full"


class WrongTypeError(LedgerError):
    """A pair has no name, no roles, and nobody joins or leaves it."""

    code = "not_a_group"


class UnavailableError(LedgerError):
    """The database does not answer just now; the same call may go through later."""

    code = "unavailable"


class QueryError(LedgerError):
    """Nothing can be looked for; the text says why."""

    code = "bad_query"


class RivalError(UnavailableError):
    """Another transaction has just made the same thing; now it is there to be found."""
