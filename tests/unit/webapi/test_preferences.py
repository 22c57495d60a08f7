"""How a member keeps a conversation: for oneself, on all devices."""

from typing import Any

import pytest

from parley_protocol import limits
from parley_protocol.payloads import ConversationChanged, decode_down
from storage.model import Mark
from tests.unit.webapi.conftest import Api, Scene, User
from webapi.database import ledger

AS_IT_COMES = {
    "pinned": False,
    "archived": False,
    "muted_until": None,
    "marked_unread": False,
    "draft": "",
}


def keep(scene: Scene, user: User, **wanted: object) -> Any:
    path = f"/v1/conversations/{scene.group}/preferences"
    return scene.api.ok("PATCH", path, wanted, user=user)["preferences"]


def kept(scene: Scene, user: User) -> Any:
    return scene.api.ok("GET", f"/v1/conversations/{scene.group}", user=user)["preferences"]


def told(api: Api) -> list[tuple[tuple[str, ...], object]]:
    with api.app.app_context():
        parcels = ledger().parcels(100)
        ledger().settle([parcel.number for parcel in parcels])
    return [(parcel.recipients, decode_down(parcel.payload)) for parcel in parcels]


def test_what_is_left_out_stays(scene: Scene) -> None:
    assert kept(scene, scene.member) == AS_IT_COMES
    forever = "9999-12-31T00:00:00Z"
    changes: list[dict[str, object]] = [
        {"pinned": True},
        {"archived": True},
        {"muted_until": forever},
        {"draft": "Dear all,"},
        {"muted_until": None, "pinned": False},
    ]
    expected: dict[str, object] = dict(AS_IT_COMES)
    for change in changes:
        expected |= change
        assert keep(scene, scene.member, **change) == expected
    assert kept(scene, scene.member) == expected
    listed = scene.api.ok("GET", "/v1/conversations", user=scene.member)["items"]
    assert [found["preferences"] for found in listed] == [expected]


def test_it_is_nobody_elses_business(scene: Scene) -> None:
    told(scene.api)
    keep(scene, scene.member, pinned=True, draft="secret")
    assert kept(scene, scene.owner) == AS_IT_COMES
    changed = ConversationChanged(cid=scene.group, change="preferences", type="group")
    assert told(scene.api) == [((scene.member.uid,), changed)]


def test_marked_as_unread_until_more_is_read(scene: Scene) -> None:
    assert keep(scene, scene.member, marked_unread=True)["marked_unread"]
    with scene.api.app.app_context():
        ledger().mark([Mark(scene.member.uid, scene.group, 3, 3)])
    assert not kept(scene, scene.member)["marked_unread"]
    assert keep(scene, scene.member, marked_unread=True)["marked_unread"]
    assert not keep(scene, scene.member, marked_unread=False)["marked_unread"]


def test_who_leaves_and_comes_again_begins_anew(scene: Scene) -> None:
    keep(scene, scene.member, pinned=True)
    members = f"/v1/conversations/{scene.group}/members"
    scene.api.ok("DELETE", f"{members}/{scene.member.uid}", user=scene.member)
    scene.api.ok("POST", members, {"uids": [scene.member.uid]}, user=scene.owner)
    assert kept(scene, scene.member) == AS_IT_COMES


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"pinned": None}, "$.pinned"),
        ({"draft": "x" * (limits.DRAFT_MAX + 1)}, "$.draft"),
        ({"muted_until": "tomorrow"}, "$.muted_until"),
        ({"muted_until": "2026-01-01T00:00:00"}, "$.muted_until"),
    ],
)
def test_what_cannot_be_kept(scene: Scene, wanted: dict[str, object], where: str) -> None:
    path = f"/v1/conversations/{scene.group}/preferences"
    response = scene.api.call("PATCH", path, wanted, user=scene.member)
    assert (response.status_code, response.get_json()["where"]) == (422, where)


@pytest.mark.parametrize("who", ["former", "stranger"])
def test_who_is_not_in_it(scene: Scene, who: str) -> None:
    path = f"/v1/conversations/{scene.group}/preferences"
    response = scene.api.call("PATCH", path, {"pinned": True}, user=getattr(scene, who))
    assert response.status_code == 404
