"""Conversations and history over REST."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate
from sqlalchemy.exc import OperationalError

from parley_protocol import limits
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Message
from storage.model import Draft
from tests.unit.webapi.conftest import Api, Scene, User
from webapi.database import ledger


def say(api: Api, user: User, cid: str, *texts: str) -> None:
    drafts = [
        Draft(user.uid, new_id(), "group", cid, Message(id=new_id(), sent_at=1, text=text))
        for text in texts
    ]
    with api.app.app_context():
        ledger().commit(drafts, 1)


def test_a_pair_is_opened_once(api: Api) -> None:
    ada, grace = api.sign_up("ada"), api.sign_up("grace", display_name="Grace Hopper")
    first = api.call("POST", "/v1/conversations/dm", {"peer": grace.uid}, user=ada)
    second = api.call("POST", "/v1/conversations/dm", {"peer": ada.uid}, user=grace)
    assert (first.status_code, second.status_code) == (201, 200)
    conversation = first.get_json()
    assert conversation == second.get_json()
    assert conversation["cid"] == pair_cid(ada.uid, grace.uid)
    assert [m["display_name"] for m in conversation["members"]] == ["ada", "Grace Hopper"]


def test_a_pair_with_nobody(api: Api, nobody: str) -> None:
    response = api.call("POST", "/v1/conversations/dm", {"peer": nobody}, user=api.sign_up("ada"))
    assert response.status_code == 404


def test_a_groups_life(scene: Scene) -> None:
    api, path = scene.api, f"/v1/conversations/{scene.group}"
    group = api.ok("GET", path, user=scene.member)
    assert [(m["name"], m["role"]) for m in group["members"]] == [
        ("owner", "owner"),
        ("admin", "admin"),
        ("member", "member"),
    ]
    assert group["head"] == 3
    renamed = api.ok("PATCH", path, {"name": "Linkers"}, user=scene.admin)
    assert (renamed["name"], renamed["head"]) == ("Linkers", 4)
    body = {"uids": [scene.stranger.uid]}
    assert len(api.ok("POST", f"{path}/members", body, user=scene.admin)["members"]) == 4
    api.ok("DELETE", f"{path}/members/{scene.stranger.uid}", user=scene.stranger)
    log = api.ok("GET", f"{path}/messages", user=scene.owner)["items"]
    actions = ["created", "role", "removed", "renamed", "added", "left"]
    assert [entry["system"]["action"] for entry in log] == actions


def test_a_full_group(api: Api) -> None:
    owner = api.sign_up("owner")
    uids = [new_id() for _ in range(limits.GROUP_MAX)]
    response = api.call(
        "POST", "/v1/conversations/group", {"name": "G", "members": uids}, user=owner
    )
    assert (response.status_code, response.get_json()["where"]) == (422, "$.members")
    group = api.ok("POST", "/v1/conversations/group", {"name": "G"}, user=owner)["cid"]
    path = f"/v1/conversations/{group}/members"
    response = api.call("POST", path, {"uids": uids}, user=owner)
    assert (response.status_code, response.get_json()["code"]) == (409, "group_full")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 65])
def test_names_that_show_nothing(scene: Scene, name: str) -> None:
    path = f"/v1/conversations/{scene.group}"
    response = scene.api.call("PATCH", path, {"name": name}, user=scene.owner)
    assert (response.status_code, response.get_json()["where"]) == (422, "$.name")


def test_conversations_come_in_pages_last_moved_first(api: Api) -> None:
    ada = api.sign_up("ada")
    names = [str(n) for n in range(5)]
    for name in names:
        api.ok("POST", "/v1/conversations/group", {"name": name}, user=ada)
    seen, cursor = [], ""
    while cursor is not None:
        page = api.ok("GET", f"/v1/conversations?limit=2&cursor={cursor}", user=ada)
        seen += [conversation["name"] for conversation in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == names


def test_pages_of_history(scene: Scene) -> None:
    api, path = scene.api, f"/v1/conversations/{scene.group}/messages"
    say(api, scene.owner, scene.group, *map(str, range(7)))

    def page(query: str) -> tuple[list[int], int | None]:
        answer = api.ok("GET", f"{path}?{query}", user=scene.member)
        return [entry["seq"] for entry in answer["items"]], answer["next"]

    assert page("limit=3") == ([8, 9, 10], 8)
    assert page("before=8&limit=3") == ([5, 6, 7], 5)
    assert page("before=3&limit=3") == ([1, 2], None)
    assert page("after=0&limit=9") == (list(range(1, 10)), 9)
    assert page("after=9&limit=9") == ([10], None)
    assert page("after=10") == ([], None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "after=-1", "after=1&before=2", "before=1.5"]
)
def test_bad_pages(scene: Scene, query: str) -> None:
    path = f"/v1/conversations/{scene.group}/messages?{query}"
    assert scene.api.call("GET", path, user=scene.owner).status_code == 422


def test_a_long_text_is_cut_in_pages_and_whole_by_itself(scene: Scene) -> None:
    api, path = scene.api, f"/v1/conversations/{scene.group}/messages"
    text = "🦊" * limits.TEXT_MAX
    say(api, scene.owner, scene.group, text)
    (cut,) = api.ok("GET", f"{path}?limit=1", user=scene.member)["items"]
    assert (cut["partial"], len(cut["text"])) == (True, limits.PARTIAL_CHARACTERS)
    assert api.ok("GET", f"{path}/4", user=scene.member)["text"] == text
    assert api.call("GET", f"{path}/5", user=scene.member).status_code == 404


def test_unread_and_sync(scene: Scene) -> None:
    api = scene.api
    say(api, scene.owner, scene.group, "one", "two")
    (listed,) = api.ok("GET", "/v1/conversations", user=scene.member)["items"]
    assert (listed["head"], listed["unread"]) == (5, 5)
    gone = new_id()
    question = {"cursors": {scene.group: 3, gone: 1}}
    answer = api.ok("POST", "/v1/sync", question, user=scene.member)
    (synced,) = answer["conversations"]
    assert [entry["text"] for entry in synced["messages"]] == ["one", "two"]
    assert (answer["left"], answer["more"]) == ([gone], False)


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "not_json"),
        ({"data": b"\xff", "content_type": "application/json"}, 400, "not_json"),
        ({"data": "[]", "content_type": "application/json"}, 422, "invalid"),
        ({"data": "null", "content_type": "application/json"}, 422, "invalid"),
        ({"data": "x=1", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"data": b"", "content_type": None}, 415, "unsupported_media_type"),
        ({"data": b"x" * 2_000_000, "content_type": "application/json"}, 413, "too_large"),
    ],
)
def test_bodies_that_cannot_be_read(
    api: Api, options: dict[str, Any], status: int, code: str
) -> None:
    response = api.call("POST", "/v1/sessions", **options)
    assert (response.status_code, response.get_json()["code"]) == (status, code)
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PUT", "/v1/me", 405), ("GET", "/v1/people/ada", 404)],
)
def test_routes_that_are_not_there(api: Api, method: str, path: str, status: int) -> None:
    response = api.call(method, path)
    assert response.status_code == status
    assert response.get_json()["status"] == status
    if status == 405:
        assert "PATCH" in response.headers["Allow"]


def test_a_database_that_is_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("secret statement", {}, Exception("secret"))

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    response = api.call("GET", "/ready")
    assert response.status_code == 503
    assert response.get_json()["detail"] == "the database does not answer"
    assert api.call("GET", "/health").status_code == 200
    assert int(response.headers["Retry-After"]) > 0
    assert "secret" not in response.text


def test_an_unexpected_error_says_nothing_of_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", broken)
    with api.app.test_client() as client:
        response = client.get("/ready")
    assert (response.status_code, response.get_json()["code"]) == (500, "internal")
    assert "secret" not in response.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_the_server_says_where_its_broker_is(api: Api) -> None:
    server = api.ok("GET", "/v1/server")
    assert server["mqtt"] == "mqtt://localhost:1883"
    assert server["websocket"] == "ws://localhost:8083"


def test_the_document_is_openapi_3_1(api: Api) -> None:
    with api.app.test_client() as client:
        document = client.get("/v1/openapi.json").get_json()
    assert document == json.loads(json.dumps(api.document))
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_headers_and_the_manual(api: Api) -> None:
    with api.app.test_client() as client:
        for path in ("/health", "/v1/docs", "/v1/docs/swagger.js", "/v1/docs/start.js"):
            with client.get(path) as response:
                assert response.status_code == 200
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy or "script-src" not in policy
        assert client.get("/v1/docs/secret.py").status_code == 404
