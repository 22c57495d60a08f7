"""What reports do in the database."""

from parley_protocol import rest
from parley_protocol.ids import new_id
from storage.accounts import Account
from storage.errors import NotFoundError
from storage.personal import Report
from webapi.database import ledger, milliseconds, writing
from webapi.problems import ProblemError


def report(uid: str, wanted: rest.Report) -> str:
    """Put a report into the moderators' queue; give its id.

    Raises:
        NotFoundError: there is no such person, or no such message that the reporter may read.
        ProblemError: 422, a message is named by half, or is another's.
    """
    _require_message(uid, wanted)
    made = Report(
        id=new_id(),
        reporter=uid,
        about=wanted.about,
        cid=wanted.cid,
        seq=wanted.seq,
        reason=wanted.reason,
        detail=wanted.detail,
        created_at=milliseconds(),
    )
    with writing() as database:
        if database.get(Account, wanted.about) is None:
            raise NotFoundError("there is no such person")
        database.add(made)
        return made.id


def _require_message(uid: str, wanted: rest.Report) -> None:
    if wanted.cid is None and wanted.seq is None:
        return
    if wanted.cid is None or wanted.seq is None:
        raise ProblemError(422, "incomplete", "a message is named by cid and seq", where="$.seq")
    if ledger().message(uid, wanted.cid, wanted.seq).sender != wanted.about:
        raise ProblemError(422, "wrong_author", "the message is another's", where="$.about")
