"""What goes wrong, as problem details (RFC 9457): one shape, stable codes, no traceback."""

import logging
from http import HTTPStatus

import msgspec
from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from parley_protocol import rest
from storage.errors import (
    ForbiddenError,
    GroupFullError,
    LedgerError,
    NotFoundError,
    QueryError,
    UnavailableError,
    WrongTypeError,
)

_log = logging.getLogger(__name__)
_RETRY_AFTER_SECONDS = "2"
_MEDIA_TYPE = "application/problem+json"
_LEDGER_STATUS: dict[type[LedgerError], int] = {
    NotFoundError: 404,
    ForbiddenError: 403,
    GroupFullError: 409,
    WrongTypeError: 409,
    QueryError: 422,
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class ProblemError(Exception):
    """End a request with a problem. ``where`` names the field, ``headers`` go with the answer.

    ``challenge`` is what a login has to go on with.
    """

    def __init__(  # noqa: PLR0913 - one argument a member
        self,
        status: int,
        code: str,
        detail: str,
        *,
        where: str | None = None,
        headers: dict[str, str] | None = None,
        challenge: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = rest.Problem(
            type=f"urn:parley:problem:{code}",
            title=HTTPStatus(status).phrase,
            status=status,
            code=code,
            detail=detail,
            where=where,
            challenge=challenge,
        )
        self.headers = headers or {}


def code_invalid() -> ProblemError:
    """Refuse a code that somebody was given."""
    detail = "the code was used, or its time is over, or it never was"
    return ProblemError(403, "code_invalid", detail, where="$.code")


def register(app: Flask) -> None:
    """Turn every error of an app into a problem."""
    app.register_error_handler(ProblemError, _answer)
    app.register_error_handler(LedgerError, _ledger_error)
    app.register_error_handler(
        OperationalError, lambda _error: _unavailable("the database does not answer")
    )
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _answer(error: ProblemError) -> Response:
    body = msgspec.json.encode(error.problem)
    headers = {"Content-Type": _MEDIA_TYPE, **error.headers}
    return Response(body, error.problem.status, headers)


def _ledger_error(error: LedgerError) -> Response:
    if isinstance(error, UnavailableError):
        return _unavailable(str(error))
    return _answer(ProblemError(_LEDGER_STATUS[type(error)], error.code, str(error)))


def _unavailable(detail: str) -> Response:
    retry = {"Retry-After": _RETRY_AFTER_SECONDS}
    return _answer(ProblemError(503, "unavailable", detail, headers=retry))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = _HTTP_CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    kept = {name: value for name, value in error.get_headers() if name == "Allow"}
    return _answer(ProblemError(status, code, error.description or "", headers=kept))


def _unexpected(error: Exception) -> Response:
    # The type and the place alone: an exception's text may quote what was sent.
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}" if traceback else "?"
    _log.error("unexpected %s in %s", type(error).__name__, place)
    return _answer(ProblemError(500, "internal", "this should not have happened"))
