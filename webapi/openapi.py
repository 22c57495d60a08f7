"""Endpoints and their description: a route, its bodies and its answers are said once."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

import msgspec
from flask import Blueprint, Response
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.model_adapter.msgspec_adapter import MsgspecModelAdapter
from spectree.model_adapter.protocol import ModelAdapter
from spectree.models import SecureType, SecuritySchemeData

from parley_protocol import rest
from webapi.requests import StrictPlugin

_View = Callable[..., Any]
_ALWAYS = (503,)
_WITH_TOKEN = (401,)
_WITH_BODY = (400, 413, 415, 422)
_WITH_QUERY = (422,)
_ID_SCHEMA = {"type": "string", "pattern": "^[0-9a-f]{32}$"}

_bearer = SecurityScheme(
    name="device",
    data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer", bearer_format="JWT"),
)
_tree = SpecTree(
    backend=StrictPlugin,
    title="Parley",
    version="1",
    description="Accounts, conversations and history. Messages travel over MQTT.",
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
) -> Callable[[_View], _View]:
    """Make a view of a function.

    Its parameters ``json`` and ``query`` are checked against their annotations before it runs;
    its docstring and name become the description. ``problems`` are those beyond the usual ones.
    """

    def decorate(view: _View) -> _View:
        takes = view.__annotations__
        usual = (*_ALWAYS, *(() if open_to_all else _WITH_TOKEN))
        usual += _WITH_BODY * ("json" in takes) + _WITH_QUERY * ("query" in takes)
        validated = _tree.validate(
            resp=_answers(returns, {*usual, *problems}),
            tags=[room.name],
            security={} if open_to_all else {"device": []},
            operation_id=view.__name__,
        )(view)
        room.add_url_rule(rule, view.__name__, validated, methods=[method])
        return view

    return decorate


def document() -> dict[str, Any]:
    """Describe the current app as an OpenAPI 3.1 document."""
    spec: dict[str, Any] = _tree._generate_spec()  # noqa: SLF001 - its cache outlives the app
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


def _mend(operation: dict[str, Any]) -> None:
    """Say what the generator does not know: media type of problems, form of ids."""
    for parameter in operation["parameters"]:
        parameter["schema"] = parameter["schema"] or _ID_SCHEMA
    for status, answer in operation["responses"].items():
        if int(status) >= HTTPStatus.BAD_REQUEST and "content" in answer:
            schema = answer["content"].pop("application/json")
            answer["content"]["application/problem+json"] = schema
