"""Who may do what over REST, by the table of all routes."""

import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from config import keys
from config.settings import Settings
from parley_protocol import tokens
from tests.unit.webapi.conftest import Scene
from tests.unit.webapi.routes import OPEN_ROUTES, ROLES, ROUTES, Route, filled

TOKENS = ["none", "garbage", "foreign", "expired", "service"]


def ask(scene: Scene, route: Route, token: str | None) -> TestResponse:
    path, body = filled(route.path, scene), filled(route.body, scene)
    return scene.api.call(route.method, path, body, token=token)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("role", ROLES)
def test_access(scene: Scene, route: Route, role: str) -> None:
    response = ask(scene, route, getattr(scene, role).token)
    assert response.status_code == route.expected[ROLES.index(role)], response.text


def token_of_kind(kind: str, settings: Settings, user: str) -> str | None:
    def issue(key: Ed25519PrivateKey, scope: tokens.Scope = "device", age: int = 0) -> str:
        now = int(time.time()) - age
        return tokens.issue(key, sub=user, device=user, scope=scope, now=now, seconds=60)

    real = keys.signing_key(settings.folder)
    makers: dict[str, Callable[[], str | None]] = {
        "none": lambda: None,
        "garbage": lambda: "garbage",
        "foreign": lambda: issue(Ed25519PrivateKey.generate()),
        "expired": lambda: issue(real, age=61),
        "service": lambda: issue(real, scope="service"),
    }
    return makers[kind]()


@pytest.mark.parametrize("kind", TOKENS)
def test_without_a_good_token_there_is_nothing(scene: Scene, settings: Settings, kind: str) -> None:
    token = token_of_kind(kind, settings, scene.owner.uid)
    for route in ROUTES:
        response = ask(scene, route, token)
        assert response.status_code == 401, route
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.get_json()["code"] == "unauthorized"


def test_without_a_good_token_nothing_is_said_of_the_request(scene: Scene) -> None:
    for path in ("/v1/people?limit=x", f"/v1/conversations/{scene.group}/messages?after=x"):
        assert scene.api.call("GET", path).status_code == 401
    assert scene.api.call("POST", "/v1/sync", data="{").status_code == 401


@pytest.mark.parametrize("kind", TOKENS)
def test_what_is_open_is_open_to_all(scene: Scene, settings: Settings, kind: str) -> None:
    token = token_of_kind(kind, settings, scene.owner.uid)
    for route in OPEN_ROUTES:
        with ask(scene, route, token) as response:
            assert response.status_code == route.expected[0], route


def test_the_table_holds_every_route_of_the_app(scene: Scene) -> None:
    adapter = scene.api.app.url_map.bind("localhost")
    in_table = set()
    for route in ROUTES + OPEN_ROUTES:
        path = filled(route.path, scene).partition("?")[0]
        rule, _ = adapter.match(path, route.method, return_rule=True)
        in_table.add((route.method, rule.rule))
    of_app = {
        (method, rule.rule)
        for rule in scene.api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert in_table == of_app


def test_every_route_for_apps_is_documented(scene: Scene) -> None:
    others = ("docs.", "operations.show_figures")
    rules = [r for r in scene.api.app.url_map.iter_rules() if not r.endpoint.startswith(others)]
    count = sum(len((rule.methods or set()) - {"HEAD", "OPTIONS"}) for rule in rules)
    assert count == sum(len(operations) for operations in scene.api.document["paths"].values())
