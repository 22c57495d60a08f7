"""Links into groups, and rights in them, over REST."""

from typing import Any

import pytest

from parley_protocol import limits
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.model import Draft
from tests.unit.webapi.conftest import Api, Scene, User
from webapi.database import ledger, milliseconds
from webapi.links import services
from webapi.problems import ProblemError


def make(scene: Scene, user: User, **wanted: object) -> Any:
    return scene.api.ok("POST", f"/v1/conversations/{scene.group}/links", wanted, user=user)


def test_coming_in_by_a_link(scene: Scene) -> None:
    api, path = scene.api, f"/v1/links/{make(scene, scene.admin)['code']}"
    shown = {"name": "Compilers", "members": 3, "is_member": False}
    assert api.ok("GET", path, user=scene.stranger) == shown
    group = api.ok("POST", path, user=scene.stranger)
    assert group["cid"] == scene.group
    assert api.ok("POST", path, user=scene.stranger) == group
    assert api.ok("GET", path, user=scene.stranger) == shown | {"members": 4, "is_member": True}
    last = api.ok("GET", f"/v1/conversations/{scene.group}/messages?limit=1", user=scene.stranger)
    entry = last["items"][0]
    assert (entry["from"], entry["system"]["action"]) == (scene.stranger.uid, "added")


def test_a_link_for_one(scene: Scene) -> None:
    api, path = scene.api, f"/v1/links/{make(scene, scene.owner, uses=1)['code']}"
    api.ok("POST", path, user=scene.member)
    api.ok("POST", path, user=scene.stranger)
    response = api.call("POST", path, user=scene.former)
    assert (response.status_code, response.get_json()["code"]) == (410, "link_expired")
    (link,) = api.ok("GET", f"/v1/conversations/{scene.group}/links", user=scene.owner)["items"]
    assert link["uses_left"] == 0


def test_a_link_for_an_hour(scene: Scene) -> None:
    code, hour = make(scene, scene.owner, expires_in=3600)["code"], 3_600_000
    with scene.api.app.app_context():
        now = milliseconds()
        assert not services.show(scene.stranger.uid, code, now + hour // 2).is_member
        with pytest.raises(ProblemError):
            services.show(scene.stranger.uid, code, now + hour)
        with pytest.raises(ProblemError):
            services.come_in(scene.stranger.uid, code, now + hour)
        services.come_in(scene.stranger.uid, code, now + hour // 2)


def test_a_link_that_was_taken_back(scene: Scene) -> None:
    code = make(scene, scene.owner)["code"]
    scene.api.ok("DELETE", f"/v1/conversations/{scene.group}/links/{code}", user=scene.admin)
    assert scene.api.call("POST", f"/v1/links/{code}", user=scene.stranger).status_code == 404
    assert scene.api.ok("GET", f"/v1/conversations/{scene.group}/links", user=scene.owner) == {
        "items": [],
        "next": None,
    }


def test_another_groups_link_is_not_ones_own_to_take_back(scene: Scene) -> None:
    code = make(scene, scene.owner)["code"]
    own = scene.api.ok("POST", "/v1/conversations/group", {"name": "G"}, user=scene.stranger)
    path = f"/v1/conversations/{own['cid']}/links/{code}"
    assert scene.api.call("DELETE", path, user=scene.stranger).status_code == 404
    assert scene.api.call("GET", f"/v1/links/{code}", user=scene.stranger).status_code == 200


def test_a_group_has_so_many_links(scene: Scene) -> None:
    for _ in range(limits.LINKS_MAX):
        make(scene, scene.owner)
    path = f"/v1/conversations/{scene.group}/links"
    response = scene.api.call("POST", path, {}, user=scene.owner)
    assert (response.status_code, response.get_json()["code"]) == (409, "too_many_links")


@pytest.mark.parametrize("wanted", [{"uses": 0}, {"uses": 101}, {"expires_in": 59}])
def test_links_that_nobody_could_use(scene: Scene, wanted: dict[str, int]) -> None:
    path = f"/v1/conversations/{scene.group}/links"
    assert scene.api.call("POST", path, wanted, user=scene.owner).status_code == 422


def said(api: Api, user: User, cid: str, **fields: Any) -> str:
    wanted: dict[str, Any] = {"id": new_id(), "sent_at": 1, "text": "x"} | fields
    message = Message(**wanted)
    with api.app.app_context():
        (outcome,) = ledger().commit([Draft(user.uid, new_id(), "group", cid, message)], 1)
    return getattr(outcome, "code", "stored")


def test_rights(scene: Scene) -> None:
    api, path = scene.api, f"/v1/conversations/{scene.group}"
    usual = {"post": "member", "add": "admin", "rename": "admin", "delete": "admin"}
    assert api.ok("GET", path, user=scene.member)["rights"] == usual
    message = Message(id=new_id(), sent_at=1, text="x")
    assert said(api, scene.admin, scene.group, id=message.id) == "stored"
    wanted = {"post": "admin", "add": "member", "rename": "owner", "delete": "owner"}
    assert api.ok("PUT", f"{path}/rights", wanted, user=scene.owner)["rights"] == wanted
    assert api.ok("GET", path, user=scene.member)["rights"] == wanted
    assert said(api, scene.member, scene.group) == "forbidden"
    assert said(api, scene.admin, scene.group) == "stored"
    reaction = {"type": "reaction", "target": message.id, "emoji": "+", "text": ""}
    assert said(api, scene.member, scene.group, **reaction) == "stored"
    away = {"type": "delete", "target": message.id, "text": ""}
    assert said(api, scene.member, scene.group, **away) == "forbidden"
    assert said(api, scene.owner, scene.group, **away) == "stored"
    api.ok("POST", f"{path}/members", {"uids": [scene.stranger.uid]}, user=scene.member)
    assert api.call("PATCH", path, {"name": "X"}, user=scene.admin).status_code == 403
    log = api.ok("GET", f"{path}/messages?after=0", user=scene.member)["items"]
    (change,) = [e["system"] for e in log if e.get("system", {}).get("action") == "rights"]
    assert change["rights"] == wanted
