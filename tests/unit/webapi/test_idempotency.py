"""A POST that is repeated under one key does its work once, on each kind of database."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from werkzeug.test import TestResponse

from config.settings import Ledger, Settings
from parley_protocol.ids import new_id
from storage import answers
from storage.accounts import KeptAnswer
from storage.sql.migrate import migrate
from tests.unit.webapi.conftest import PASSWORD, Api, User, opened
from webapi import database, openapi

KEY = "6f1c2b8e-1c1c-4a57-9d6b-0a3a6a1f0c7e"
GROUP = {"name": "Compilers"}


@pytest.fixture(params=["sqlite", "postgresql"])
def api(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Api]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
        settings = replace(settings, ledger=Ledger(url=url))
        migrate(url)
    with opened(settings) as api:
        yield api


def post(
    api: Api, user: User, body: object = GROUP, path: str = "group", key: str = KEY
) -> TestResponse:
    headers = {"Idempotency-Key": key}
    return api.call("POST", f"/v1/conversations/{path}", body, user=user, more_headers=headers)


def groups(api: Api, user: User) -> int:
    return len(api.ok("GET", "/v1/conversations", user=user)["items"])


def test_a_repeat_gets_the_first_answer(api: Api) -> None:
    ada = api.sign_up("ada")
    first, again = post(api, ada), post(api, ada)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert first.mimetype == again.mimetype
    assert groups(api, ada) == 1
    assert post(api, ada, key="another").get_json()["cid"] != first.get_json()["cid"]
    assert groups(api, ada) == 2


def test_one_key_is_for_one_request(api: Api) -> None:
    ada, bob = api.sign_up("ada"), api.sign_up("bob")
    post(api, ada)
    for other in (post(api, ada, {"name": "Linkers"}), post(api, ada, {"peer": bob.uid}, "dm")):
        assert other.status_code == 422
        assert other.get_json()["code"] == "idempotency_key_reused"
    assert groups(api, ada) == 1


def test_keys_are_each_accounts_own(api: Api) -> None:
    ada, bob = api.sign_up("ada"), api.sign_up("bob")
    assert post(api, ada).get_json()["cid"] != post(api, bob).get_json()["cid"]


def test_a_refusal_is_not_kept(api: Api) -> None:
    ada = api.sign_up("ada")
    assert post(api, ada, {"peer": new_id()}, "dm").status_code == 404
    bob = api.sign_up("bob")
    assert post(api, ada, {"peer": bob.uid}, "dm").status_code == 201


def test_a_crash_leaves_nothing_half_done(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = api.sign_up("ada")

    def crash(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(answers, "keep", crash)
        headers = {"Authorization": f"Bearer {ada.token}", "Idempotency-Key": KEY}
        client = api.app.test_client()
        crashed = client.post("/v1/conversations/group", json=GROUP, headers=headers)
        assert crashed.status_code == 500
    assert groups(api, ada) == 0
    assert post(api, ada).status_code == 201
    assert groups(api, ada) == 1


def test_repeats_at_the_same_time_wait_for_the_first(api: Api) -> None:
    ada = api.sign_up("ada")
    together = threading.Barrier(4)

    def ask(_: int) -> bytes:
        together.wait()
        return bytes(post(Api(api.app, api.document), ada).data)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert groups(api, ada) == 1


def test_answers_are_kept_for_a_day(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = api.sign_up("ada")
    now = database.seconds()
    first = post(api, ada).data
    for later, is_kept in ((24 * 3600 - 1, True), (24 * 3600 + 60, False)):
        monkeypatch.setattr("webapi.idempotency.seconds", lambda later=later: now + later)
        assert (post(api, ada).data == first) == is_kept


def test_who_is_erased_leaves_no_answer(api: Api) -> None:
    ada = api.sign_up("ada")
    post(api, ada)
    api.ok("POST", "/v1/me/erasure", {"password": PASSWORD}, user=ada)
    with api.app.app_context():
        assert database.reading().scalars(select(KeptAnswer)).all() == []


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ"])
def test_what_is_no_key(api: Api, key: str) -> None:
    response = post(api, api.sign_up("ada"), key=key)
    assert (response.status_code, response.get_json()["code"]) == (422, "invalid")
    assert response.get_json()["where"] == "Idempotency-Key"


def test_every_post_of_an_account_heeds_keys_but_those_that_need_none(api: Api) -> None:
    heedless = {
        operation["operationId"]
        for operations in api.document["paths"].values()
        for method, operation in operations.items()
        if method == "post"
        and operation["security"]
        and openapi.IDEMPOTENCY_KEY not in operation["parameters"]
    }
    secret = {"confirm_email", "begin_second_factor", "confirm_second_factor"}
    assert heedless == {"sync", "erase_me", "remove_second_factor", "unlink_openid"} | secret
