"""Repeats of a POST under one ``Idempotency-Key`` do their work once.

As draft-ietf-httpapi-idempotency-key-header-07 has it. The answer is kept by account, for a day,
in the transaction that does the work: after a crash there is both or neither.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from storage import answers
from storage.errors import LedgerError
from webapi.auth import me
from webapi.database import one_transaction, seconds
from webapi.problems import ProblemError

HEADER = "Idempotency-Key"
KEY_MAX = 255
PATTERN = "^[!-~]+$"
_View = Callable[..., Response]
_TIMES_WHEN_DONE = range(200, 300)


def once(view: _View) -> _View:
    """Let a view answer a repeat with its first answer. Refusals are not kept: nothing was done."""

    @wraps(view)
    def answer(*values: Any, **named: Any) -> Response:  # noqa: ANN401 - as the view says
        key = request.headers.get(HEADER)
        if key is None:
            return view(*values, **named)
        asked = answers.Request(me(), _checked(key), _fingerprint())
        return _answer(asked, lambda: view(*values, **named))

    return answer


def _answer(asked: answers.Request, work: Callable[[], Response]) -> Response:
    with one_transaction() as database:
        kept = answers.claim(database, asked, seconds())
        if kept is not None:
            return _again(asked, kept)
        try:
            response, refusal = work(), None
        except (ProblemError, LedgerError) as error:
            response, refusal = None, error
        if response is not None and response.status_code in _TIMES_WHEN_DONE:
            answers.keep(database, asked, response.status_code, response.get_data())
        else:
            answers.release(database, asked)
    if response is None:
        raise refusal or AssertionError
    return response


def _again(asked: answers.Request, kept: answers.Answer) -> Response:
    if kept.fingerprint != asked.fingerprint:
        detail = "this key was used for another request"
        raise ProblemError(422, "idempotency_key_reused", detail, where=HEADER)
    return Response(kept.body, kept.status, mimetype="application/json" if kept.body else None)


def _checked(key: str) -> str:
    if len(key) > KEY_MAX or not re.fullmatch(PATTERN, key):
        detail = f"a key is 1 to {KEY_MAX} visible characters of ASCII"
        raise ProblemError(422, "invalid", detail, where=HEADER)
    return key


def _fingerprint() -> str:
    return answers.digest(request.method.encode(), request.path.encode(), request.get_data())
