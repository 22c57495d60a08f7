"""Schemathesis holds every operation of the OpenAPI document against the app."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase
from schemathesis.checks import CheckFunction
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.unit.webapi.conftest import Scene, opened, settings_in
from webapi import describe

_EXAMPLES = 20
_STAND_IN = "Bearer of the owner"


class Stage:
    """The app that is tested and its token, which are there only when tests run."""

    app: Flask
    token: str

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_AUTHORIZATION") == _STAND_IN:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        return self.app(environ, start)


stage = Stage()
schema = schemathesis.openapi.from_dict(describe())
schema.app = stage


@pytest.fixture(scope="module")
def played(
    set_folder: tuple[Path, Scene], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The scene, which all examples share."""
    folder, scene = set_folder
    copy = tmp_path_factory.mktemp("document") / "data"
    shutil.copytree(folder, copy)
    with opened(settings_in(copy)) as api:
        stage.app, stage.token = api.app, scene.owner.token
        yield replace(scene, api=api)


@schema.auth(refresh_interval=None)
class OwnersToken:
    """How a device logs in."""

    def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
        return _STAND_IN

    def set(
        self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext
    ) -> None:
        case.headers["Authorization"] = data


@schema.parametrize()
@hypothesis.settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_app_answers_as_it_says(case: schemathesis.Case[Any], played: Scene) -> None:
    _aim(case, played)
    case.body = _written(case.body)
    response = case.call()
    case.validate_response(response, excluded_checks=_silenced(response))


def _aim(case: schemathesis.Case[Any], played: Scene) -> None:
    """Let about half of the ids be known ones."""
    for name, known in {"cid": played.group, "uid": played.member.uid}.items():
        if str(case.path_parameters.get(name, ""))[:1] in set("01234567"):
            case.path_parameters[name] = known


def _written(value: Any) -> Any:
    """Write whole numbers as JSON writers do: 5.0 is an integer for JSON Schema alone."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items()}
    return [_written(inner) for inner in value] if isinstance(value, list) else value


def _silenced(response: Response) -> list[CheckFunction]:
    """Let the app refuse what no schema can forbid, by a code that says so."""
    refused = response.status_code == 422 and response.json()["code"] != "invalid"
    return [positive_data_acceptance] if refused else []
