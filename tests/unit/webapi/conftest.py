"""The API on a database of the test's own; every answer is held against the OpenAPI document."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from config import keys
from config.settings import Settings
from parley_protocol.ids import new_id
from storage.sql.migrate import migrate
from tests.limits import HIGH
from webapi import create_app, describe
from webapi.database import db

PASSWORD = "correct horse"
_NOT_FOR_APPS = ("/v1/docs", "/v1/openapi.json", "/metrics")
_CONVERTER = re.compile(r"<([^>:]+:)?")
_FAST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class User:
    """Somebody who has signed up, and the tokens of one device."""

    name: str
    uid: str
    device: str
    token: str
    refresh: str


class Api:
    """Requests as a client makes them."""

    def __init__(self, app: Flask, document: dict[str, Any]) -> None:
        self.app = app
        self.document = document
        self._client: FlaskClient = app.test_client()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: User | None = None,
        token: str | None = None,
        more_headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """Make a request, and check that its answer is documented."""
        token = user.token if user else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more_headers or {}
        if body is not None:
            options["json"] = body
        response = self._client.open(path, method=method, headers=headers, **options)
        self._check(method, path, response)
        return response

    def ok(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """Make a request that must succeed, and give its body."""
        response = self.call(method, path, body, **options)
        assert response.status_code < 300, response.text
        return response.get_json(silent=True)

    def sign_up(self, name: str, **fields: object) -> User:
        """Make an account."""
        body = {"name": name, "password": PASSWORD} | fields
        return self.user(name, self.ok("POST", "/v1/accounts", body))

    @staticmethod
    def user(name: str, session: dict[str, str]) -> User:
        """Take a session's tokens."""
        tokens = (session["access_token"], session["refresh_token"])
        return User(name, session["uid"], session["device"], *tokens)

    def _check(self, method: str, path: str, response: TestResponse) -> None:
        rule = self._find_rule(method, path)
        if rule is None:
            assert response.status_code in {404, 405}
            return
        if rule.startswith(_NOT_FOR_APPS):
            return
        documented = self.document["paths"][rule][method.lower()]["responses"]
        assert str(response.status_code) in documented, (method, rule, response.text)
        content = documented[str(response.status_code)].get("content", {})
        if content:
            assert response.mimetype in content
            schema = content[response.mimetype]["schema"]
            Draft202012Validator({**schema, **self.document}).validate(response.get_json())

    def _find_rule(self, method: str, path: str) -> str | None:
        adapter = self.app.url_map.bind("localhost")
        if not adapter.test(path.partition("?")[0], method):
            return None
        rule, _ = adapter.match(path.partition("?")[0], method, return_rule=True)
        return _CONVERTER.sub("{", str(rule)).replace(">", "}")


@dataclass
class Scene:
    """A group with people in every role."""

    api: Api
    owner: User
    admin: User
    member: User
    former: User
    stranger: User
    group: str


@contextmanager
def opened(settings: Settings) -> Iterator[Api]:
    """Open the API on a data folder."""
    app = create_app(settings, _FAST)
    yield Api(app, describe())
    with app.app_context():
        db.engine.dispose()


def settings_in(folder: Path) -> Settings:
    return Settings(data=str(folder), limits=HIGH)


def set_scene(api: Api) -> Scene:
    people = [api.sign_up(name) for name in ("owner", "admin", "member", "former", "stranger")]
    owner, admin, member, former, stranger = people
    uids = [user.uid for user in (admin, member, former)]
    body = {"name": "Compilers", "members": uids}
    group = api.ok("POST", "/v1/conversations/group", body, user=owner)["cid"]
    members = f"/v1/conversations/{group}/members"
    api.ok("PUT", f"{members}/{admin.uid}", {"role": "admin"}, user=owner)
    api.ok("DELETE", f"{members}/{former.uid}", user=owner)
    return Scene(api, owner, admin, member, former, stranger, group)


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys and tables, to be copied."""
    settings = settings_in(tmp_path_factory.mktemp("webapi") / "data")
    keys.create(settings.folder)
    migrate(settings.ledger_url)
    return settings.folder


@pytest.fixture(scope="session")
def set_folder(empty_folder: Path) -> tuple[Path, Scene]:
    """A data folder in which the scene is set, to be copied."""
    folder = empty_folder.parent / "scene"
    shutil.copytree(empty_folder, folder)
    with opened(settings_in(folder)) as api:
        return folder, set_scene(api)


@pytest.fixture
def settings(tmp_path: Path, empty_folder: Path) -> Settings:
    """Settings with a data folder of the test's own, in which nothing has happened."""
    return settings_in(shutil.copytree(empty_folder, tmp_path / "data"))


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    with opened(settings) as api:
        yield api


@pytest.fixture
def scene(tmp_path: Path, set_folder: tuple[Path, Scene]) -> Iterator[Scene]:
    folder, scene = set_folder
    settings = settings_in(shutil.copytree(folder, tmp_path / "scene"))
    with opened(settings) as api:
        yield replace(scene, api=api)


@pytest.fixture
def nobody() -> str:
    return new_id()
