"""Passwords are changed by who knows them, and reset by who reads the account's mail."""

import logging

import pytest

from tests.statements import counted
from tests.unit.webapi.conftest import PASSWORD, Api, User
from tests.unit.webapi.mailbox import code_of, letters
from tests.unit.webapi.test_email import have
from tests.unit.webapi.test_sessions import can_refresh, log_in, orders
from webapi.accounts.passwords import Passwords
from webapi.database import db

NEW = "battery staple"


def change(api: Api, user: User, password: str) -> int:
    body = {"password": password, "new_password": NEW}
    return api.call("PUT", "/v1/me/password", body, user=user).status_code


def ask(api: Api, email: str) -> tuple[int, bytes]:
    response = api.call("POST", "/v1/password-resets", {"email": email})
    return response.status_code, response.data


def reset(api: Api, code: str) -> int:
    body = {"code": code, "new_password": NEW}
    return api.call("POST", "/v1/password-resets/confirmation", body).status_code


def opens(api: Api, name: str, password: str) -> bool:
    body = {"name": name, "password": password}
    return api.call("POST", "/v1/sessions", body).status_code == 201


def test_a_change_takes_the_old_one_and_ends_other_sessions(api: Api) -> None:
    phone, tablet = api.sign_up("ada"), log_in(api, "ada")
    assert change(api, phone, "a wrong secret") == 403
    assert opens(api, "ada", PASSWORD)
    assert change(api, phone, PASSWORD) == 204
    assert not opens(api, "ada", PASSWORD)
    assert opens(api, "ada", NEW)
    assert can_refresh(api, phone)
    assert not can_refresh(api, tablet)
    assert tablet.device in {order.device for order in orders(api)}


def test_a_reset_takes_a_mailed_code_once_and_ends_all_sessions(api: Api) -> None:
    ada = api.sign_up("ada")
    have(api, ada, "ada@example.org")
    assert ask(api, "ADA@example.org")[0] == 202
    letter = letters(api)[-1]
    assert letter.to == "ada@example.org"
    assert reset(api, code_of(letter)) == 204
    assert not can_refresh(api, ada)
    assert opens(api, "ada", NEW)
    assert not opens(api, "ada", PASSWORD)
    assert letters(api)[-1].to == "ada@example.org"
    assert reset(api, code_of(letter)) == 403


def test_only_the_last_code_counts_and_for_an_hour(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(api, api.sign_up("ada"), "ada@example.org")
    ask(api, "ada@example.org")
    ask(api, "ada@example.org")
    first, second = map(code_of, letters(api)[-2:])
    assert reset(api, first) == 403
    with monkeypatch.context() as later:
        later.setattr("webapi.passwords.views.seconds", lambda: 2**40)
        assert reset(api, second) == 403


def test_a_code_is_good_for_one_purpose(api: Api) -> None:
    ada = api.sign_up("ada")
    body = {"email": "ada@example.org", "password": PASSWORD}
    api.ok("PUT", "/v1/me/email", body, user=ada)
    assert reset(api, code_of(letters(api)[-1])) == 403


def test_the_answer_does_not_tell_whether_there_is_an_account(api: Api) -> None:
    have(api, api.sign_up("ada"), "ada@example.org")
    with api.app.app_context():
        engine = db.engine
    with counted(engine) as known:
        answer = ask(api, "ada@example.org")
    with counted(engine) as unknown:
        assert ask(api, "eve@example.org") == answer
    assert known == unknown
    to_nobody = letters(api)[-1]
    assert to_nobody.to is None
    assert reset(api, code_of(to_nobody)) == 403


@pytest.mark.parametrize("name", ["ada", "ada@example.org", "nobody", "eve@example.org"])
def test_a_login_checks_one_hash_whoever_it_is(
    api: Api, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(api, api.sign_up("ada"), "ada@example.org")
    checked = []
    check = Passwords.check

    def count(self: Passwords, stored: str | None, password: str) -> bool:
        checked.append(stored or self._nobody)
        return check(self, stored, password)

    monkeypatch.setattr(Passwords, "check", count)
    assert not opens(api, name, "a wrong secret")
    (stored,) = checked
    assert stored.startswith("$argon2id$")


def test_no_password_and_no_code_reaches_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ada = api.sign_up("ada")
    have(api, ada, "ada@example.org")
    change(api, ada, PASSWORD)
    ask(api, "ada@example.org")
    code = code_of(letters(api)[-1])
    reset(api, code)
    reset(api, "a stolen code")
    for secret in (PASSWORD, NEW, code, "a stolen code"):
        assert secret not in caplog.text
