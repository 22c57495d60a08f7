"""The list of one's devices, and how a session ends."""

import time
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_protocol import control
from parley_protocol.control import EndedSession
from parley_protocol.payloads import AccountChanged, decode_down
from tests.statements import counted
from tests.unit.webapi.conftest import PASSWORD, Api, User
from webapi.database import db, ledger
from webapi.sessions.addresses import coarse


def log_in(api: Api, name: str, **fields: str) -> User:
    body = {"name": name, "password": PASSWORD} | fields
    return api.user(name, api.ok("POST", "/v1/sessions", body))


def listed(api: Api, user: User) -> list[dict[str, object]]:
    items: list[dict[str, object]] = api.ok("GET", "/v1/sessions", user=user)["items"]
    return items


def orders(api: Api) -> list[EndedSession]:
    """Give what the broker is to do."""
    with api.app.app_context():
        parcels = ledger().parcels(100)
    return [control.decode(parcel.payload) for parcel in parcels if not parcel.recipients]


def words(api: Api) -> list[tuple[str, ...]]:
    """Give who is told of an end, and of which device's."""
    with api.app.app_context():
        parcels = ledger().parcels(100)
    read = [(p.recipients, decode_down(p.payload)) for p in parcels if p.recipients]
    return [
        (*to, event.device or "")
        for to, event in read
        if isinstance(event, AccountChanged) and event.change == "session_ended"
    ]


def can_refresh(api: Api, user: User) -> bool:
    body = {"refresh_token": user.refresh}
    return api.call("POST", "/v1/sessions/refresh", body).status_code == 200


def test_devices_are_listed(api: Api) -> None:
    phone = api.sign_up("ada", device_name="phone")
    tablet = log_in(api, "ada", device_name="tablet")
    api.sign_up("eve")
    newest, oldest = listed(api, phone)
    assert (newest["device"], newest["device_name"]) == (tablet.device, "tablet")
    assert (newest["is_current"], oldest["is_current"]) == (False, True)
    assert newest["address"] == "127.0.0.0/24"
    assert str(newest["seen_at"]).endswith("Z")


def test_pages(api: Api) -> None:
    ada = api.sign_up("ada")
    devices = [ada.device, *(log_in(api, "ada").device for _ in range(4))]
    found, cursor = [], ""
    while cursor is not None:
        page = api.ok("GET", f"/v1/sessions?limit=2&cursor={cursor}", user=ada)
        found += [session["device"] for session in page["items"]]
        cursor = page["next"]
    assert found == devices[::-1]


def test_a_refresh_is_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, now = api.sign_up("ada"), int(time.time()) + 3_600
    (before,) = listed(api, ada)
    with monkeypatch.context() as later:
        later.setattr("webapi.sessions.views.seconds", lambda: now)
        assert can_refresh(api, ada)
    (after,) = listed(api, ada)
    assert after["created_at"] == before["created_at"]
    assert datetime.fromisoformat(str(after["seen_at"])).timestamp() == now


def test_one_session_is_ended(api: Api) -> None:
    phone, tablet = api.sign_up("ada"), log_in(api, "ada")
    api.ok("DELETE", f"/v1/sessions/{tablet.device}", user=phone)
    assert not can_refresh(api, tablet)
    assert can_refresh(api, phone)
    assert words(api) == [(phone.uid, tablet.device)]
    (order,) = orders(api)
    assert (order.uid, order.device, order.is_over) == (phone.uid, tablet.device, True)
    again = api.call("DELETE", f"/v1/sessions/{tablet.device}", user=phone)
    assert again.status_code == 404


def test_a_session_of_another_is_not_there(api: Api) -> None:
    ada, eve = api.sign_up("ada"), api.sign_up("eve")
    assert api.call("DELETE", f"/v1/sessions/{ada.device}", user=eve).status_code == 404
    assert can_refresh(api, ada)


def test_all_others_are_ended(api: Api) -> None:
    phone = api.sign_up("ada")
    others = [log_in(api, "ada") for _ in range(3)]
    with api.app.app_context():
        engine = db.engine
    with counted(engine) as seen:
        api.ok("DELETE", "/v1/sessions", user=phone)
    assert len(seen) <= 5, seen
    assert [can_refresh(api, user) for user in (phone, *others)] == [True, False, False, False]
    assert {order.device for order in orders(api)} == {other.device for other in others}


def test_a_stolen_token_ends_the_session_and_the_connection(api: Api) -> None:
    ada = api.sign_up("ada")
    assert can_refresh(api, ada)
    stolen = msgspec.json.decode(
        api.call("POST", "/v1/sessions/refresh", {"refresh_token": ada.refresh}).data
    )["refresh_token"]
    assert api.call("POST", "/v1/sessions/refresh", {"refresh_token": stolen}).status_code == 200
    assert not can_refresh(api, ada)
    (order,) = orders(api)
    assert (order.device, order.is_over) == (ada.device, True)


def test_a_login_in_the_place_of_another_keeps_the_queue(api: Api) -> None:
    ada = api.sign_up("ada")
    log_in(api, "ada", device=ada.device)
    (order,) = orders(api)
    assert (order.device, order.is_over) == (ada.device, False)
    assert words(api) == []


def test_erasure_disconnects_every_device(api: Api) -> None:
    ada = api.sign_up("ada")
    tablet = log_in(api, "ada")
    api.ok("POST", "/v1/me/erasure", {"password": PASSWORD}, user=ada)
    assert {order.device for order in orders(api)} == {ada.device, tablet.device}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", ""),
        ("nowhere", ""),
    ],
)
def test_coarse_addresses(address: str, network: str) -> None:
    assert coarse(address) == network


@given(st.ip_addresses())
def test_any_address_fits_its_column(address: object) -> None:
    assert 0 < len(coarse(str(address))) <= 43
