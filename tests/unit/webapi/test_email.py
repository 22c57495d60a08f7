"""The e-mail address of an account."""

import logging

import msgspec
import pytest
from sqlalchemy import select

from config.settings import Accounts, Settings
from storage.accounts import Mail, Ticket
from tests.statements import counted
from tests.unit.webapi.conftest import PASSWORD, Api, User, opened
from tests.unit.webapi.mailbox import code_of, letters
from webapi.database import db, reading

_CHANGE, _CONFIRM = "/v1/me/email", "/v1/me/email/confirmation"


def begin(api: Api, user: User, email: str | None, password: str = PASSWORD) -> int:
    body = {"email": email, "password": password}
    return api.call("PUT", _CHANGE, body, user=user).status_code


def confirm(api: Api, user: User, code: str) -> tuple[int, str]:
    response = api.call("POST", _CONFIRM, {"code": code}, user=user)
    return response.status_code, response.get_json().get("code", "")


def have(api: Api, user: User, email: str) -> None:
    assert begin(api, user, email) == 202
    assert confirm(api, user, code_of(letters(api)[-1])) == (200, "")


def log_in(api: Api, name: str) -> int:
    body = {"name": name, "password": PASSWORD}
    return api.call("POST", "/v1/sessions", body).status_code


def test_an_address_is_kept_when_its_code_comes_back(api: Api) -> None:
    ada = api.sign_up("ada")
    assert begin(api, ada, "Ada@Example.org") == 202
    assert api.ok("GET", "/v1/me", user=ada)["email"] is None
    assert log_in(api, "ada@example.org") == 401
    (letter,) = letters(api)
    assert letter.to == "ada@example.org"
    assert "ada" in letter.text
    assert confirm(api, ada, code_of(letter)) == (200, "")
    assert api.ok("GET", "/v1/me", user=ada)["email"] == "ada@example.org"
    assert log_in(api, "ada@example.org") == log_in(api, "ADA@example.org") == 201
    assert confirm(api, ada, code_of(letter)) == (403, "code_invalid")


def test_a_link_is_in_the_mail_where_there_is_an_application(settings: Settings) -> None:
    accounts = Accounts(app_url="https://chat.example/")
    with opened(msgspec.structs.replace(settings, accounts=accounts)) as api:
        begin(api, api.sign_up("ada"), "ada@example.org")
        (letter,) = letters(api)
        assert f"https://chat.example/#email={code_of(letter)}" in letter.text


def test_only_the_last_code_counts(api: Api) -> None:
    ada = api.sign_up("ada")
    begin(api, ada, "ada@example.org")
    begin(api, ada, "lovelace@example.org")
    first, second = map(code_of, letters(api))
    assert confirm(api, ada, first) == (403, "code_invalid")
    assert confirm(api, ada, second) == (200, "")


def test_a_code_is_good_for_whoever_asked(api: Api) -> None:
    ada, eve = api.sign_up("ada"), api.sign_up("eve")
    begin(api, ada, "ada@example.org")
    code = code_of(letters(api)[0])
    assert confirm(api, eve, code) == (403, "code_invalid")
    assert confirm(api, ada, code) == (200, "")


def test_a_code_ends_after_an_hour(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = api.sign_up("ada")
    begin(api, ada, "ada@example.org")
    with monkeypatch.context() as later:
        later.setattr("webapi.email.views.seconds", lambda: 2**40)
        assert confirm(api, ada, code_of(letters(api)[0])) == (403, "code_invalid")


def test_an_address_has_one_account_and_only_its_owner_learns_that(api: Api) -> None:
    ada, eve = api.sign_up("ada"), api.sign_up("eve")
    have(api, ada, "ada@example.org")
    assert begin(api, eve, "ada@example.org") == 202
    assert confirm(api, eve, code_of(letters(api)[-1])) == (409, "email_taken")


def test_the_earlier_address_is_told(api: Api) -> None:
    ada = api.sign_up("ada")
    have(api, ada, "ada@example.org")
    have(api, ada, "lovelace@example.org")
    assert letters(api)[-1].to == "ada@example.org"
    assert begin(api, ada, None) == 204
    assert letters(api)[-1].to == "lovelace@example.org"
    assert log_in(api, "lovelace@example.org") == 401


def test_it_takes_the_password(api: Api) -> None:
    ada = api.sign_up("ada")
    assert begin(api, ada, "ada@example.org", "a wrong secret") == 403
    assert letters(api) == []


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@example", "a da@example.org", "ada@example.org\nBcc: eve@example.org", 5],
)
def test_what_is_no_address(api: Api, email: object) -> None:
    body = {"email": email, "password": PASSWORD}
    response = api.call("PUT", _CHANGE, body, user=api.sign_up("ada"))
    assert (response.status_code, response.get_json()["where"]) == (422, "$.email")


def test_an_erased_account_leaves_its_address(api: Api) -> None:
    ada = api.sign_up("ada")
    have(api, ada, "ada@example.org")
    api.ok("POST", "/v1/me/erasure", {"password": PASSWORD}, user=ada)
    have(api, api.sign_up("ada"), "ada@example.org")


def test_no_code_is_kept_or_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ada = api.sign_up("ada")
    begin(api, ada, "ada@example.org")
    code = code_of(letters(api)[0])
    with api.app.app_context():
        assert code.encode() not in reading().scalars(select(Mail.sealed)).one()
        assert code not in reading().scalars(select(Ticket.code_hash)).one()
    confirm(api, ada, code)
    assert code not in caplog.text


def test_statements(api: Api) -> None:
    ada = api.sign_up("ada")
    with api.app.app_context():
        engine = db.engine
    with counted(engine) as seen:
        begin(api, ada, "ada@example.org")
    assert len(seen) <= 8, seen
    code = code_of(letters(api)[0])
    with counted(engine) as seen:
        confirm(api, ada, code)
    assert len(seen) <= 8, seen
