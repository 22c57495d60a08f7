"""Contacts, blocks and reports."""

from typing import Any

import pytest
from sqlalchemy import select

from parley_protocol.ids import new_id
from storage.personal import Report
from tests.unit.webapi.conftest import PASSWORD, Api, Scene, User
from webapi.database import reading


def names(api: Api, path: str, user: User) -> list[str]:
    seen: list[str] = []
    cursor: Any = ""
    while cursor is not None:
        page = api.ok("GET", f"{path}?limit=1&cursor={cursor}", user=user)
        seen += [person["name"] for person in page["items"]]
        cursor = page["next"]
    return seen


@pytest.mark.parametrize("path", ["/v1/contacts", "/v1/blocks"])
def test_a_list_of_people(scene: Scene, path: str) -> None:
    api, owner = scene.api, scene.owner
    for other in (scene.member, scene.admin, scene.member):
        api.ok("PUT", f"{path}/{other.uid}", user=owner)
    assert names(api, path, owner) == ["admin", "member"]
    assert names(api, path, scene.member) == []
    api.ok("DELETE", f"{path}/{scene.admin.uid}", user=owner)
    api.ok("DELETE", f"{path}/{scene.admin.uid}", user=owner)
    assert names(api, path, owner) == ["member"]
    api.ok("POST", "/v1/me/erasure", {"password": PASSWORD}, user=scene.member)
    assert names(api, path, owner) == []
    assert api.call("PUT", f"{path}/{scene.member.uid}", user=owner).status_code == 404


def test_a_blocked_pair_says_so(scene: Scene) -> None:
    api, owner, member = scene.api, scene.owner, scene.member
    pair = api.ok("POST", "/v1/conversations/dm", {"peer": member.uid}, user=owner)
    assert not pair["blocked"]
    api.ok("PUT", f"/v1/blocks/{owner.uid}", user=member)
    assert api.ok("GET", f"/v1/conversations/{pair['cid']}", user=owner)["blocked"]
    body = {"peer": scene.stranger.uid}
    api.ok("PUT", f"/v1/blocks/{owner.uid}", user=scene.stranger)
    assert api.call("POST", "/v1/conversations/dm", body, user=owner).status_code == 403


def test_a_report_of_a_message(scene: Scene) -> None:
    api, member, owner = scene.api, scene.member, scene.owner
    body = {"about": owner.uid, "reason": "abuse", "detail": "!", "cid": scene.group, "seq": 1}
    made = api.ok("POST", "/v1/reports", body, user=member)
    with api.app.app_context():
        found = reading().scalars(select(Report)).one()
        assert (found.id, found.reporter, found.about) == (made["id"], member.uid, owner.uid)
        assert (found.cid, found.seq, found.handled_at) == (scene.group, 1, None)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"seq": None}, 422),
        ({"cid": None}, 422),
        ({"about": "{member}"}, 422),
        ({"seq": 99}, 404),
        ({"about": new_id(), "cid": None, "seq": None}, 404),
        ({"reason": "boredom"}, 422),
        ({"detail": "x" * 1_001}, 422),
    ],
)
def test_reports_that_nobody_could_look_into(
    scene: Scene, change: dict[str, object], status: int
) -> None:
    body = {"about": scene.owner.uid, "reason": "abuse", "cid": scene.group, "seq": 1} | change
    if body["about"] == "{member}":
        body["about"] = scene.member.uid
    assert scene.api.call("POST", "/v1/reports", body, user=scene.member).status_code == status


def test_what_one_cannot_read_one_cannot_report(scene: Scene) -> None:
    body = {"about": scene.owner.uid, "reason": "abuse", "cid": scene.group, "seq": 1}
    assert scene.api.call("POST", "/v1/reports", body, user=scene.stranger).status_code == 404
