"""Endpoints and their description: a route, its bodies and its answers are said once."""

from collections.abc import Callable, Iterable
from functools import cache, wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import msgspec
from flask import Blueprint, Response, request
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.model_adapter.msgspec_adapter import MsgspecModelAdapter
from spectree.model_adapter.protocol import ModelAdapter
from spectree.models import SecureType, SecuritySchemeData

from parley_protocol import rest
from webapi import limits
from webapi.auth import guarded
from webapi.idempotency import HEADER, KEY_MAX, PATTERN, once
from webapi.requests import StrictPlugin

_View = Callable[..., Any]
_GUIDE = (Path(__file__).parent / "docs" / "guide.md").read_text()
_ALWAYS = (429, 503)
_WITH_TOKEN = (401,)
_RETRIED = ("429", "503")
_WITH_BODY = (400, 413, 415, 422)
_WITH_QUERY = (422,)
_WITH_PATH = (404,)
_WITH_KEY = (422,)
_BODY_MAX = 64 * 1024
_RETRY_AFTER = {"description": "Seconds to wait before asking again", "schema": {"type": "integer"}}
_HEADERS = {
    "RateLimit-Policy": "Limits: requests (q) in so many seconds (w), by name",
    "X-Request-Id": "Names the request in the server's logs: the client's own, if it sent one",
    "RateLimit": "What is left of them (r), for so many seconds (t)",
}
_ID_SCHEMA = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Chosen at random by the client, and sent again with each repeat of the request:"
    " it is carried out once, and answered alike for a day",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": PATTERN},
}
_UNUSED = ("ValidationError", "ValidationErrorElement")  # the generator's own form of a refusal

_bearer = SecurityScheme(
    name="device",
    data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer", bearer_format="JWT"),
)
_heeding: set[str] = set()
_tree = SpecTree(
    backend=StrictPlugin,
    title="Parley",
    version="1",
    description=_GUIDE,
    mode="strict",
    model_adapter=cast("ModelAdapter[Any, Exception, Any]", MsgspecModelAdapter()),
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    security_schemes=[_bearer],
    page_templates={},
)


def endpoint(  # noqa: PLR0913 - one argument a property
    room: Blueprint,
    method: str,
    rule: str,
    *,
    returns: dict[int, type | None],
    problems: Iterable[int] = (),
    open_to_all: bool = False,
    strict: limits.Strict | None = None,
    body_max: int = _BODY_MAX,
    heeds_keys: bool = True,
) -> Callable[[_View], _View]:
    """Make a view of a function.

    Only who has a good token reaches it, unless it is ``open_to_all``. Its parameters ``json`` and
    ``query`` are checked against their annotations before it runs; its docstring and name become
    the description. ``problems`` are those beyond the usual ones; ``strict`` names a limit of its
    own; ``body_max`` is in bytes. A POST ``heeds_keys`` of idempotency, unless its answer must not
    be kept, or there is no account by which to keep it.
    """

    def decorate(view: _View) -> _View:
        takes = view.__annotations__
        usual = (*_ALWAYS, *(() if open_to_all else _WITH_TOKEN))
        usual += _WITH_BODY * ("json" in takes) + _WITH_QUERY * ("query" in takes)
        is_once = method == "POST" and heeds_keys and not open_to_all
        usual += _WITH_PATH * ("<" in rule) + _WITH_KEY * is_once
        validated = _tree.validate(
            resp=_answers(returns, {*usual, *problems}),
            tags=[room.name],
            security={} if open_to_all else {"device": []},
            operation_id=view.__name__,
        )(view)
        if is_once:
            validated = once(validated)
            _heeding.add(view.__name__)
        checked = _bounded(validated if open_to_all else guarded(validated), body_max)
        if strict:
            limits.strictly(checked, strict)
        room.add_url_rule(rule, view.__name__, checked, methods=[method])
        return view

    return decorate


@cache
def document() -> dict[str, Any]:
    """Describe the API as an OpenAPI 3.1 document; needs a current app, and every app is alike."""
    spec: dict[str, Any] = _tree.spec
    for name in _UNUSED:
        spec["components"]["schemas"].pop(name, None)
    for operations in spec["paths"].values():
        for operation in operations.values():
            _mend(operation)
    return spec


def encode(body: msgspec.Struct, status: int = 200) -> Response:
    """Answer with a body."""
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def _answers(returns: dict[int, type | None], problems: Iterable[int]) -> Answers:
    bodies = {f"HTTP_{status}": body for status, body in returns.items()}
    return Answers(**bodies, **{f"HTTP_{status}": rest.Problem for status in sorted(problems)})


def _bounded(view: _View, body_max: int) -> _View:
    @wraps(view)
    def bounded(*values: Any, **named: Any) -> Response:  # noqa: ANN401 - as the view says
        request.max_content_length = body_max
        return cast("Response", view(*values, **named))

    return bounded


def _mend(operation: dict[str, Any]) -> None:
    """Say what the generator does not know, and take back what it assumes."""
    for parameter in operation["parameters"]:
        parameter["schema"] = parameter["schema"] or _ID_SCHEMA
        parameter["schema"].pop("format", None)
    if operation["operationId"] in _heeding:
        operation["parameters"].append(IDEMPOTENCY_KEY)
    operation["responses"] = {
        status: _with_headers(status, _as_problem(answer) if _is_problem(status) else answer)
        for status, answer in operation["responses"].items()
        if not _is_assumed(answer)
    }


def _is_problem(status: str) -> bool:
    return int(status) >= HTTPStatus.BAD_REQUEST


def _with_headers(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    texts = {"type": "string"}
    headers = {name: {"description": _HEADERS[name], "schema": texts} for name in _HEADERS}
    retry = {"Retry-After": _RETRY_AFTER} if status in _RETRIED else {}
    return {**answer, "headers": headers | retry}


def _as_problem(answer: dict[str, Any]) -> dict[str, Any]:
    schema = answer["content"]["application/json"]
    return {**answer, "content": {"application/problem+json": schema}}


def _is_assumed(answer: dict[str, Any]) -> bool:
    content = answer.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref")).endswith("/ValidationError")
