"""Every route of the app, in one table: who may use it, and what it costs the database.

A route that is not in it fails ``test_access.py``. Paths and bodies name people by their role in
the scene, and its group.
"""

from typing import Any, NamedTuple

from tests.unit.webapi.conftest import PASSWORD, Scene

ROLES = ("owner", "admin", "member", "former", "stranger")
_GROUP = "/v1/conversations/{group}"
_ALL = (200, 200, 200, 200, 200)
_MADE = (201, 201, 201, 201, 201)
_BEGUN = (202, 202, 202, 202, 202)
_REFUSED = (403, 403, 403, 403, 403)
_NONE = (404, 404, 404, 404, 404)
_NOT_THERE = (404, 404, 404, 404, 404)
_OPENID_ANSWER = {"login": "X", "state": "X", "code": "X"}
_DONE = (204, 204, 204, 204, 204)


class Route(NamedTuple):
    """A request, what each of ``ROLES`` gets, and the most statements that it takes."""

    method: str
    path: str
    body: object
    expected: tuple[int, int, int, int, int]
    statements: int
    more_per_group: int = 0
    """Statements for each group that one is in, where a request changes all of them."""


ROUTES = [
    Route("GET", "/v1/me", None, _ALL, 2),
    Route("PATCH", "/v1/me", {"display_name": "X"}, _ALL, 5),
    Route("PUT", "/v1/me/email", {"email": "a@b.org", "password": PASSWORD}, _BEGUN, 8),
    Route(
        "PUT",
        "/v1/me/password",
        {"password": PASSWORD, "new_password": "battery staple"},
        _DONE,
        9,
    ),
    Route("POST", "/v1/me/second-factor", {"password": PASSWORD}, _MADE, 8),
    Route("POST", "/v1/me/second-factor/confirmation", {"code": "X"}, _REFUSED, 5),
    Route(
        "POST",
        "/v1/me/second-factor/removal",
        {"password": PASSWORD, "code": "X"},
        _REFUSED,
        6,
    ),
    Route("PUT", "/v1/me/openid", {**_OPENID_ANSWER, "password": PASSWORD}, _NOT_THERE, 2),
    Route("POST", "/v1/me/openid/removal", {"password": PASSWORD}, _DONE, 4),
    Route("POST", "/v1/me/email/confirmation", {"code": "X"}, _REFUSED, 5),
    Route("POST", "/v1/me/erasure", {"password": PASSWORD}, _DONE, 45, 18),
    Route("GET", "/v1/sessions", None, _ALL, 2),
    Route("DELETE", "/v1/sessions", None, _DONE, 5),
    Route("DELETE", "/v1/sessions/current", None, _DONE, 6),
    Route("DELETE", f"/v1/sessions/{'0' * 32}", None, (404, 404, 404, 404, 404), 5),
    Route("GET", "/v1/people", None, _ALL, 2),
    Route("GET", "/v1/people/{member}", None, _ALL, 2),
    Route("GET", "/v1/contacts", None, _ALL, 2),
    Route("PUT", "/v1/contacts/{stranger}", None, _DONE, 6),
    Route("DELETE", "/v1/contacts/{stranger}", None, _DONE, 4),
    Route("GET", "/v1/blocks", None, _ALL, 2),
    Route("PUT", "/v1/blocks/{former}", None, (204, 204, 204, 403, 204), 12),
    Route("DELETE", "/v1/blocks/{former}", None, _DONE, 10),
    Route("POST", "/v1/reports", {"about": "{member}", "reason": "spam"}, _MADE, 6),
    Route("POST", "/v1/conversations/dm", {"peer": "{member}"}, _MADE, 12),
    Route("POST", "/v1/conversations/group", {"name": "G"}, _MADE, 12),
    Route("GET", "/v1/conversations", None, _ALL, 6),
    Route("GET", _GROUP, None, (200, 200, 200, 404, 404), 6),
    Route("PATCH", _GROUP, {"name": "Linkers"}, (200, 200, 403, 404, 404), 12),
    Route("PUT", f"{_GROUP}/retention", {"days": 30}, (200, 403, 403, 404, 404), 12),
    Route("PUT", f"{_GROUP}/rights", {"post": "admin"}, (200, 403, 403, 404, 404), 12),
    Route("POST", f"{_GROUP}/links", {"uses": 1}, (201, 201, 403, 404, 404), 8),
    Route("GET", f"{_GROUP}/links", None, (200, 200, 403, 404, 404), 5),
    Route("DELETE", f"{_GROUP}/links/{{group}}", None, (404, 404, 403, 404, 404), 6),
    Route("GET", "/v1/links/{group}", None, _NONE, 2),
    Route("POST", "/v1/links/{group}", None, _NONE, 5),
    Route("PATCH", f"{_GROUP}/preferences", {"pinned": True}, (200, 200, 200, 404, 404), 10),
    Route("GET", f"{_GROUP}/messages", None, (200, 200, 200, 404, 404), 5),
    Route("GET", f"{_GROUP}/messages/1", None, (200, 200, 200, 404, 404), 5),
    Route("DELETE", f"{_GROUP}/messages/1", None, (204, 204, 204, 404, 404), 9),
    Route("POST", f"{_GROUP}/members", {"uids": ["{stranger}"]}, (200, 200, 403, 404, 404), 15),
    Route("DELETE", f"{_GROUP}/members/{{member}}", None, (204, 204, 204, 404, 404), 15),
    Route("DELETE", f"{_GROUP}/members/{{admin}}", None, (204, 204, 403, 404, 404), 15),
    Route("DELETE", f"{_GROUP}/members/{{owner}}", None, (204, 403, 403, 404, 404), 20),
    Route("PUT", f"{_GROUP}/members/{{member}}", {"role": "admin"}, (200, 403, 403, 404, 404), 12),
    Route("GET", "/v1/search?q=tea", None, _ALL, 10),
    Route("GET", "/v1/search?q=tea&cid={group}", None, (200, 200, 200, 404, 404), 10),
    Route("POST", "/v1/sync", {}, _ALL, 5),
]
"""What needs a token."""

OPEN_ROUTES = [
    Route("POST", "/v1/accounts", {"name": "eve", "password": PASSWORD}, _MADE, 8),
    Route("POST", "/v1/sessions", {"name": "owner", "password": PASSWORD}, _MADE, 8),
    Route(
        "POST",
        "/v1/sessions/second-factor",
        {"challenge": "X", "code": "X"},
        (401, 401, 401, 401, 401),
        5,
    ),
    Route("POST", "/v1/openid/logins", {"redirect": "app:/back"}, _NOT_THERE, 0),
    Route("POST", "/v1/openid/sessions", _OPENID_ANSWER, _NOT_THERE, 0),
    Route("POST", "/v1/password-resets", {"email": "a@b.org"}, _BEGUN, 7),
    Route(
        "POST",
        "/v1/password-resets/confirmation",
        {"code": "X", "new_password": PASSWORD},
        _REFUSED,
        5,
    ),
    Route("POST", "/v1/sessions/refresh", {"refresh_token": "{refresh}"}, _ALL, 5),
    Route("GET", "/v1/server", None, _ALL, 0),
    Route("GET", "/v1/openapi.json", None, _ALL, 0),
    Route("GET", "/v1/docs", None, _ALL, 0),
    Route("GET", "/v1/docs/start.js", None, _ALL, 0),
    Route("GET", "/health", None, _ALL, 0),
    Route("GET", "/metrics", None, _ALL, 0),
    Route("GET", "/ready", None, _ALL, 2),
]
"""What everybody may use, with a token or without."""


def filled(template: Any, scene: Scene) -> Any:
    """Put the scene's people and its group into a path or a body."""
    if isinstance(template, str):
        uids = {role: getattr(scene, role).uid for role in ROLES}
        return template.format(group=scene.group, refresh=scene.owner.refresh, **uids)
    if isinstance(template, dict):
        return {key: filled(value, scene) for key, value in template.items()}
    return [filled(value, scene) for value in template] if isinstance(template, list) else template
