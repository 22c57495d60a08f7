"""Who may do what over REST: one table for all routes."""

import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config import keys
from config.settings import Settings
from parley_protocol import tokens
from tests.unit.webapi.conftest import PASSWORD, Scene

GROUP = "/v1/conversations/{group}"
# Route, body, and what owner, admin, member, former member and stranger get.
TABLE: list[tuple[str, str, object, tuple[int, int, int, int, int]]] = [
    ("GET", "/v1/me", None, (200, 200, 200, 200, 200)),
    ("PATCH", "/v1/me", {"display_name": "X"}, (200, 200, 200, 200, 200)),
    ("POST", "/v1/me/erasure", {"password": PASSWORD}, (204, 204, 204, 204, 204)),
    ("DELETE", "/v1/sessions/current", None, (204, 204, 204, 204, 204)),
    ("GET", "/v1/people", None, (200, 200, 200, 200, 200)),
    ("GET", "/v1/people/{member}", None, (200, 200, 200, 200, 200)),
    ("POST", "/v1/conversations/dm", {"peer": "{member}"}, (201, 201, 201, 201, 201)),
    ("POST", "/v1/conversations/group", {"name": "G"}, (201, 201, 201, 201, 201)),
    ("GET", "/v1/conversations", None, (200, 200, 200, 200, 200)),
    ("GET", GROUP, None, (200, 200, 200, 404, 404)),
    ("PATCH", GROUP, {"name": "Linkers"}, (200, 200, 403, 404, 404)),
    ("PUT", f"{GROUP}/retention", {"days": 30}, (200, 403, 403, 404, 404)),
    ("GET", f"{GROUP}/messages", None, (200, 200, 200, 404, 404)),
    ("GET", f"{GROUP}/messages/1", None, (200, 200, 200, 404, 404)),
    ("POST", f"{GROUP}/members", {"uids": ["{stranger}"]}, (200, 200, 403, 404, 404)),
    ("DELETE", GROUP + "/members/{member}", None, (204, 204, 204, 404, 404)),
    ("DELETE", GROUP + "/members/{admin}", None, (204, 204, 403, 404, 404)),
    ("DELETE", GROUP + "/members/{owner}", None, (204, 403, 403, 404, 404)),
    ("PUT", GROUP + "/members/{member}", {"role": "admin"}, (200, 403, 403, 404, 404)),
    ("GET", "/v1/search?q=tea", None, (200, 200, 200, 200, 200)),
    ("GET", "/v1/search?q=tea&cid={group}", None, (200, 200, 200, 404, 404)),
    ("POST", "/v1/sync", {}, (200, 200, 200, 200, 200)),
]
ROLES = ("owner", "admin", "member", "former", "stranger")
OPEN = {
    ("POST", "/v1/accounts"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/refresh"),
    ("GET", "/v1/server"),
    ("GET", "/health"),
}


def fill(template: object, scene: Scene) -> object:
    if isinstance(template, str):
        uids = {role: getattr(scene, role).uid for role in ROLES}
        return template.format(group=scene.group, **uids)
    if isinstance(template, dict):
        return {key: fill(value, scene) for key, value in template.items()}
    return [fill(value, scene) for value in template] if isinstance(template, list) else template


@pytest.mark.parametrize(("method", "path", "body", "expected"), TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_access(
    scene: Scene,
    method: str,
    path: str,
    body: object,
    expected: tuple[int, ...],
    role: str,
) -> None:
    response = scene.api.call(
        method, str(fill(path, scene)), fill(body, scene), user=getattr(scene, role)
    )
    assert response.status_code == expected[ROLES.index(role)], response.text


def forged(settings: Settings, user: str) -> dict[str, Callable[[], str | None]]:
    def issue(key: Ed25519PrivateKey, scope: tokens.Scope = "device", age: int = 0) -> str:
        now = int(time.time()) - age
        return tokens.issue(key, sub=user, device=user, scope=scope, now=now, seconds=60)

    real = keys.signing_key(settings.folder)
    return {
        "none": lambda: None,
        "garbage": lambda: "garbage",
        "foreign": lambda: issue(Ed25519PrivateKey.generate()),
        "expired": lambda: issue(real, age=61),
        "service": lambda: issue(real, scope="service"),
    }


@pytest.mark.parametrize("kind", ["none", "garbage", "foreign", "expired", "service"])
def test_without_a_good_token_there_is_nothing(scene: Scene, settings: Settings, kind: str) -> None:
    token = forged(settings, scene.owner.uid)[kind]()
    for method, path, body, _ in TABLE:
        response = scene.api.call(method, str(fill(path, scene)), fill(body, scene), token=token)
        assert response.status_code == 401, (method, path)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.get_json()["code"] == "unauthorized"


def test_the_table_holds_every_route(scene: Scene) -> None:
    documented = {
        (method.upper(), path)
        for path, operations in scene.api.document["paths"].items()
        for method in operations
    }
    in_table = {
        (
            method,
            path.partition("?")[0]
            .replace("{group}", "{cid}")
            .replace("messages/1", "messages/{seq}"),
        )
        for method, path, *_ in TABLE
    }
    for role in ROLES:
        in_table = {(method, path.replace(f"{{{role}}}", "{uid}")) for method, path in in_table}
    assert documented == in_table | OPEN


def test_every_route_of_the_app_is_documented(scene: Scene) -> None:
    manual = {"docs"}
    rules = [
        r for r in scene.api.app.url_map.iter_rules() if r.endpoint.split(".")[0] not in manual
    ]
    count = sum(len((rule.methods or set()) - {"HEAD", "OPTIONS"}) for rule in rules)
    assert count == sum(len(operations) for operations in scene.api.document["paths"].values())
