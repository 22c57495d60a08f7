"""Read what a request brings, its query and its JSON body, before any view runs."""

import re
from typing import Any

import msgspec
from flask import Request
from spectree.plugins.base import Context
from spectree.plugins.flask_plugin import FlaskPlugin

from webapi.problems import ProblemError

_AT = re.compile(r" - at .*?`(?P<path>\$[^`]*)`$")


class StrictPlugin(FlaskPlugin):
    """spectree's way into Flask, with precise answers to what cannot be read.

    Its own way takes a body that is not JSON for an empty object, and text for numbers.
    """

    def request_validation(  # noqa: PLR0913 - spectree's signature
        self,
        request: Request,
        query: type | None,
        json: type | None,
        form: type | None,
        headers: type | None,
        cookies: type | None,
    ) -> None:
        read = Context(
            query=_read_query(request, query) if query else None,
            json=_read_body(request, json) if json else None,
            form=form,
            headers=headers,
            cookies=cookies,
        )
        request.context = read  # type: ignore[attr-defined]


def _read_query(request: Request, model: type) -> Any:  # noqa: ANN401 - as the model says
    try:
        return msgspec.convert(request.args.to_dict(), model, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _read_body(request: Request, model: type) -> Any:  # noqa: ANN401 - as the model says
    if request.mimetype != "application/json":
        raise ProblemError(415, "unsupported_media_type", "the body must be application/json")
    try:
        return msgspec.json.decode(request.get_data(cache=False), type=model)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProblemError(400, "not_json", "the body is not JSON in UTF-8") from None


def _invalid(error: msgspec.ValidationError) -> ProblemError:
    # The decoder's text names fields and what they must be, never values.
    text = str(error)
    place = _AT.search(text)
    where = place["path"] if place else "$"
    return ProblemError(422, "invalid", _AT.sub("", text), where=where)
