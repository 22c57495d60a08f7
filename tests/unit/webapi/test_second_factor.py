"""A second factor at login, by codes of an authenticator application."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyotp
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from storage.accounts import RecoveryCode, SecondFactor
from storage.seal import Seal
from tests.statements import counted
from tests.unit.webapi.conftest import PASSWORD, Api, User
from webapi.database import db, reading
from webapi.seal import KEY
from webapi.second_factor.totp import step_of

_SECRET_OF_THE_RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@dataclass
class Clock:
    """The time of the server, and of an authenticator application."""

    now: int

    def tick(self) -> None:
        """Let the next code be due."""
        self.now += 30

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(int(time.time()))
    for place in ("second_factor", "sessions"):
        monkeypatch.setattr(f"webapi.{place}.views.seconds", lambda: clock.now)
    return clock


@dataclass
class Guarded:
    """Somebody with a second factor."""

    user: User
    secret: str
    recovery: list[str]


@pytest.fixture
def ada(api: Api, clock: Clock) -> Guarded:
    user = api.sign_up("ada")
    path, body = "/v1/me/second-factor", {"password": PASSWORD}
    begun = api.ok("POST", path, body, user=user)
    assert begun["uri"].startswith("otpauth://totp/Parley:ada?")
    assert log_in(api).status_code == 201
    shown = api.ok("POST", f"{path}/confirmation", {"code": clock.code(begun["secret"])}, user=user)
    clock.tick()
    return Guarded(user, begun["secret"], shown["codes"])


def log_in(api: Api, password: str = PASSWORD) -> TestResponse:
    body = {"name": "ada", "password": password, "device_name": "phone"}
    return api.call("POST", "/v1/sessions", body)


def challenge(api: Api) -> str:
    response = log_in(api)
    problem = response.get_json()
    assert (response.status_code, problem["code"]) == (401, "second_factor")
    return str(problem["challenge"])


def answer(api: Api, asked: str, code: str) -> tuple[int, str]:
    body = {"challenge": asked, "code": code}
    response = api.call("POST", "/v1/sessions/second-factor", body)
    return response.status_code, response.get_json().get("code", "")


def test_codes_are_those_of_the_rfc() -> None:
    """Appendix B of RFC 6238, of which six digits are shown here."""
    for now, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        assert step_of(_SECRET_OF_THE_RFC, code, now, -1) == now // 30
        assert step_of(_SECRET_OF_THE_RFC, f"{code[:3]} {code[3:]}", now, -1) == now // 30
        assert step_of(_SECRET_OF_THE_RFC, code, now + 30, -1) == now // 30
        assert step_of(_SECRET_OF_THE_RFC, code, now + 60, -1) is None
        assert step_of(_SECRET_OF_THE_RFC, code, now, now // 30) is None


def test_a_login_takes_a_code(api: Api, ada: Guarded, clock: Clock) -> None:
    assert api.ok("GET", "/v1/me", user=ada.user)["second_factor"]
    assert log_in(api, "a wrong secret").get_json()["code"] == "wrong_credentials"
    asked = challenge(api)
    assert answer(api, asked, "000000") == (401, "wrong_code")
    assert answer(api, asked, clock.code(ada.secret)) == (201, "")
    names = [one["device_name"] for one in api.ok("GET", "/v1/sessions", user=ada.user)["items"]]
    assert names[0] == "phone"
    clock.tick()
    assert answer(api, asked, clock.code(ada.secret)) == (401, "challenge_ended")


def test_a_code_is_good_once(api: Api, ada: Guarded, clock: Clock) -> None:
    first, second, code = challenge(api), challenge(api), clock.code(ada.secret)
    assert answer(api, first, code) == (201, "")
    assert answer(api, second, code) == (401, "wrong_code")
    clock.tick()
    assert answer(api, second, clock.code(ada.secret)) == (201, "")


def test_a_code_that_is_used_twice_at_once_is_good_once(
    api: Api, ada: Guarded, clock: Clock
) -> None:
    asked, code = [challenge(api) for _ in range(4)], clock.code(ada.secret)
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(
                api.app.test_client().post,
                "/v1/sessions/second-factor",
                json={"challenge": one, "code": code},
            )
            for one in asked
        ]
        statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [201, 401, 401, 401]


def test_a_recovery_code_is_good_once(api: Api, ada: Guarded) -> None:
    assert len(set(ada.recovery)) == 10
    asked = challenge(api)
    assert answer(api, asked, ada.recovery[3].lower()) == (201, "")
    assert answer(api, challenge(api), ada.recovery[3]) == (401, "wrong_code")
    assert answer(api, challenge(api), ada.recovery[4]) == (201, "")


def test_a_device_of_somebody_else_becomes_a_new_one(api: Api, ada: Guarded, clock: Clock) -> None:
    eve = api.sign_up("eve")
    body = {"name": "ada", "password": PASSWORD, "device": eve.device}
    asked = api.call("POST", "/v1/sessions", body).get_json()["challenge"]
    body = {"challenge": asked, "code": clock.code(ada.secret)}
    session = api.ok("POST", "/v1/sessions/second-factor", body)
    assert session["device"] != eve.device


def test_without_the_key_recovery_codes_are_left(api: Api, ada: Guarded, clock: Clock) -> None:
    api.app.extensions[KEY] = Seal(b"A" * 43 + b"=")
    asked = challenge(api)
    assert answer(api, asked, clock.code(ada.secret)) == (401, "wrong_code")
    assert answer(api, asked, ada.recovery[0]) == (201, "")


def test_a_challenge_ends(api: Api, ada: Guarded, clock: Clock) -> None:
    asked = challenge(api)
    clock.now += 300
    assert answer(api, asked, clock.code(ada.secret)) == (401, "challenge_ended")


def test_codes_cannot_be_guessed(api: Api, ada: Guarded, clock: Clock) -> None:
    for _ in range(10):
        assert answer(api, challenge(api), "000000") == (401, "wrong_code")
    asked = challenge(api)
    assert answer(api, asked, clock.code(ada.secret)) == (429, "too_many_codes")
    clock.now += 900
    assert answer(api, challenge(api), clock.code(ada.secret)) == (201, "")


def test_it_is_turned_off_by_password_and_code(api: Api, ada: Guarded, clock: Clock) -> None:
    path = "/v1/me/second-factor/removal"

    def remove(password: str, code: str) -> int:
        body = {"password": password, "code": code}
        return api.call("POST", path, body, user=ada.user).status_code

    assert remove("a wrong secret", clock.code(ada.secret)) == 403
    assert remove(PASSWORD, "000000") == 403
    assert remove(PASSWORD, clock.code(ada.secret)) == 204
    assert log_in(api).status_code == 201
    assert remove(PASSWORD, ada.recovery[0]) == 403


def test_it_is_turned_on_once(api: Api, ada: Guarded) -> None:
    again = api.call("POST", "/v1/me/second-factor", {"password": PASSWORD}, user=ada.user)
    assert (again.status_code, again.get_json()["code"]) == (409, "second_factor_on")


def test_a_secret_is_kept_sealed_and_codes_as_digests(api: Api, ada: Guarded) -> None:
    with api.app.app_context():
        assert ada.secret.encode() not in reading().scalars(select(SecondFactor.sealed)).one()
        kept = reading().scalars(select(RecoveryCode.code_hash)).all()
    assert not set(kept) & set(ada.recovery)


def test_nothing_of_it_reaches_the_log(
    api: Api, ada: Guarded, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked, code = challenge(api), clock.code(ada.secret)
    answer(api, asked, "a wrong code")
    answer(api, asked, code)
    answer(api, challenge(api), ada.recovery[0])
    for secret in (asked, code, "a wrong code", ada.secret, ada.recovery[0]):
        assert secret not in caplog.text


def test_statements(api: Api, ada: Guarded, clock: Clock) -> None:
    with api.app.app_context():
        engine = db.engine
    with counted(engine) as seen:
        asked = challenge(api)
    assert len(seen) <= 5, seen
    with counted(engine) as seen:
        assert answer(api, asked, clock.code(ada.secret)) == (201, "")
    assert len(seen) <= 10, seen


def test_an_erased_account_keeps_no_secret(api: Api, ada: Guarded) -> None:
    api.ok("POST", "/v1/me/erasure", {"password": PASSWORD}, user=ada.user)
    with api.app.app_context():
        assert reading().scalars(select(SecondFactor)).all() == []
        assert reading().scalars(select(RecoveryCode)).all() == []
