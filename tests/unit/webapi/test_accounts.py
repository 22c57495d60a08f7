"""Accounts, sessions and what goes wrong with them."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from parley_protocol.payloads import AccountChanged, decode_down
from tests.unit.webapi.conftest import PASSWORD, Api, Scene
from webapi.accounts.passwords import Passwords
from webapi.database import ledger

_NOBODY = "019a0000000070008000000000000001"


def told(api: Api) -> list[tuple[set[str], AccountChanged]]:
    with api.app.app_context():
        parcels = ledger().parcels(100)
    read = [
        (set(parcel.recipients), decode_down(parcel.payload))
        for parcel in parcels
        if parcel.recipients
    ]
    return [(to, event) for to, event in read if isinstance(event, AccountChanged)]


def test_signing_up_and_logging_in(api: Api) -> None:
    ada = api.sign_up("ada", display_name="Ada Lovelace")
    me = api.ok("GET", "/v1/me", user=ada)
    assert (me["uid"], me["name"], me["display_name"]) == (ada.uid, "ada", "Ada Lovelace")
    assert me["created_at"].endswith("Z")
    session = api.ok("POST", "/v1/sessions", {"name": "ada", "password": PASSWORD})
    assert session["uid"] == ada.uid
    assert session["device"] != ada.device


def test_a_name_is_taken_once(api: Api) -> None:
    api.sign_up("ada")
    response = api.call("POST", "/v1/accounts", {"name": "ada", "password": PASSWORD})
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["where"]) == (
        409,
        "name_taken",
        "$.name",
    )
    assert problem["type"] == "urn:parley:problem:name_taken"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": "Ada"}, "$.name"),
        ({"name": "ad"}, "$.name"),
        ({"name": "a" * 33}, "$.name"),
        ({"name": "ada\n"}, "$.name"),
        ({"name": "-ada"}, "$.name"),
        ({"name": 5}, "$.name"),
        ({"password": "short"}, "$.password"),
        ({"password": "x" * 257}, "$.password"),
        ({"display_name": ""}, "$.display_name"),
        ({"display_name": "  "}, "$.display_name"),
        ({"display_name": "a\x1b[31m"}, "$.display_name"),
        ({"display_name": "x" * 65}, "$.display_name"),
        ({"device": "phone"}, "$.device"),
    ],
)
def test_bad_sign_ups_get_a_precise_answer(api: Api, fields: dict[str, object], where: str) -> None:
    response = api.call("POST", "/v1/accounts", {"name": "ada", "password": PASSWORD} | fields)
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["where"]) == (422, "invalid", where)


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(api: Api, name: str) -> None:
    api.sign_up("ada")
    response = api.call("POST", "/v1/sessions", {"name": name, "password": "wrong horse"})
    assert response.status_code == 401
    assert response.get_json()["code"] == "wrong_credentials"


def test_an_unknown_account_costs_a_hash_too() -> None:
    passwords = Passwords()
    assert not passwords.check(None, "anything")
    stored = passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert passwords.check(stored, PASSWORD)
    assert not passwords.check(stored, "wrong horse")
    assert not passwords.check("not a hash", PASSWORD)
    assert not passwords.check("", "")


def refresh(api: Api, token: str) -> tuple[int, str]:
    response = api.call("POST", "/v1/sessions/refresh", {"refresh_token": token})
    body = response.get_json()
    return response.status_code, body.get("refresh_token") or body["code"]


def test_a_refresh_token_is_good_for_one_turn(api: Api) -> None:
    first = api.sign_up("ada").refresh
    status, second = refresh(api, first)
    assert status == 200
    status, third = refresh(api, second)
    assert status == 200
    assert refresh(api, first) == (401, "session_ended")
    assert refresh(api, third) == (401, "session_ended")


def test_an_answer_that_was_lost_does_not_end_the_session(api: Api) -> None:
    first = api.sign_up("ada").refresh
    refresh(api, first)
    status, again = refresh(api, first)
    assert status == 200
    assert refresh(api, again)[0] == 200


def test_a_thief_and_the_owner_cannot_both_go_on(api: Api) -> None:
    first = api.sign_up("ada").refresh
    _, owners = refresh(api, first)
    _, thiefs = refresh(api, first)
    assert refresh(api, owners) == (401, "session_ended")
    assert refresh(api, thiefs) == (401, "session_ended")


@pytest.mark.parametrize("token", ["x", "x.y", _NOBODY, f"{_NOBODY}.secret"])
def test_refresh_tokens_of_nobody(api: Api, token: str) -> None:
    assert refresh(api, token) == (401, "session_ended")


def test_logging_out_ends_the_session_and_tells_the_device(api: Api) -> None:
    ada = api.sign_up("ada")
    api.ok("DELETE", "/v1/sessions/current", user=ada)
    assert refresh(api, ada.refresh) == (401, "session_ended")
    ended = AccountChanged(uid=ada.uid, change="session_ended", device=ada.device)
    assert told(api) == [({ada.uid}, ended)]


def test_a_device_has_one_session_and_one_owner(api: Api) -> None:
    ada, eve = api.sign_up("ada"), api.sign_up("eve")
    login = {"name": "ada", "password": PASSWORD, "device": ada.device}
    again = api.ok("POST", "/v1/sessions", login)
    assert again["device"] == ada.device
    assert refresh(api, ada.refresh) == (401, "session_ended")
    response = api.call("POST", "/v1/sessions", login | {"name": "eve"})
    assert (response.status_code, response.get_json()["code"]) == (409, "device_taken")
    assert api.ok("GET", "/v1/me", user=eve)["name"] == "eve"


def test_a_new_name_is_told_to_those_who_share_a_conversation(scene: Scene) -> None:
    api, member = scene.api, scene.member
    api.ok("PATCH", "/v1/me", {"display_name": "Grace H."}, user=member)
    ((recipients, changed),) = told(api)
    assert recipients == {scene.owner.uid, scene.admin.uid, member.uid}
    assert changed == AccountChanged(uid=member.uid, change="profile", display_name="Grace H.")
    person = api.ok("GET", f"/v1/people/{member.uid}", user=scene.owner)
    assert person == {"uid": member.uid, "name": "member", "display_name": "Grace H."}


def test_people_are_found_by_prefix_page_by_page(api: Api) -> None:
    users = [api.sign_up(f"ada{n}") for n in range(5)]
    api.sign_up("a_a")
    api.sign_up("grace")
    names, cursor = [], ""
    while cursor is not None:
        page = api.ok("GET", f"/v1/people?prefix=ada&limit=2&cursor={cursor}", user=users[0])
        names += [person["name"] for person in page["items"]]
        cursor = page["next"]
    assert names == [f"ada{n}" for n in range(5)]
    underscore = api.ok("GET", "/v1/people?prefix=a_", user=users[0])
    assert [person["name"] for person in underscore["items"]] == ["a_a"]


def test_an_unknown_person(api: Api, nobody: str) -> None:
    assert api.call("GET", f"/v1/people/{nobody}", user=api.sign_up("ada")).status_code == 404


def test_signing_up_twice_at_once_makes_one_account(api: Api) -> None:
    body = {"name": "ada", "password": PASSWORD}
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(api.app.test_client().post, "/v1/accounts", json=body) for _ in range(4)
        ]
        statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [201, 409, 409, 409]


def test_no_secret_reaches_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ada = api.sign_up("ada")
    api.call("POST", "/v1/sessions", {"name": "ada", "password": "a wrong secret"})
    refresh(api, ada.refresh)
    refresh(api, "x.stolen")
    for secret in (PASSWORD, "a wrong secret", ada.token, ada.refresh, "x.stolen"):
        assert secret not in caplog.text


def test_an_erased_account_is_closed(api: Api) -> None:
    ada, bob = api.sign_up("ada"), api.sign_up("bob")
    pair = api.ok("POST", "/v1/conversations/dm", {"peer": bob.uid}, user=ada)
    wrong = api.call("POST", "/v1/me/erasure", {"password": "a wrong secret"}, user=ada)
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "wrong_password")
    erasure = api.call("POST", "/v1/me/erasure", {"password": PASSWORD}, user=ada)
    assert erasure.status_code == 204
    assert refresh(api, ada.refresh)[0] == 401
    login = api.call("POST", "/v1/sessions", {"name": "ada", "password": PASSWORD})
    assert login.status_code == 401
    members = api.ok("GET", f"/v1/conversations/{pair['cid']}", user=bob)["members"]
    left = next(member for member in members if member["uid"] == ada.uid)
    assert (left["role"], left["display_name"]) == ("erased", "")
    assert left["name"] != "ada"
    names = [person["name"] for person in api.ok("GET", "/v1/people", user=bob)["items"]]
    assert names == ["bob"]
    assert api.sign_up("ada").uid != ada.uid
