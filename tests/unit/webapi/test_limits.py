"""Limits by account and address, and of bodies."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace
from werkzeug.test import TestResponse

from config.settings import Limits, Settings
from tests.limits import HIGH
from tests.redis import Redis
from tests.unit.webapi.conftest import PASSWORD, Api, opened
from webapi.limits import PASSWORD_VARIABLE

REDIS_PASSWORD = "a long secret"


class Doors:
    """Opens the API under limits of a test's choice, as often as a test needs."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack

    def open(self, **limits: str) -> Api:
        chosen = replace(self._settings, limits=replace(HIGH, **limits))
        return self._stack.enter_context(opened(chosen))


@pytest.fixture
def doors(settings: Settings) -> Iterator[Doors]:
    with ExitStack() as stack:
        yield Doors(settings, stack)


def assert_limited(response: TestResponse) -> None:
    assert response.status_code == 429
    assert response.get_json()["code"] == "too_many_requests"
    assert 0 < int(response.headers["Retry-After"]) <= 86_400


def test_an_account_has_a_limit_wherever_it_asks_from(doors: Doors) -> None:
    api = doors.open(account="3/day")
    ada, bob = api.sign_up("ada"), api.sign_up("bob")
    for octet in range(3):
        address = {"REMOTE_ADDR": f"10.0.0.{octet}"}
        assert api.call("GET", "/v1/me", user=ada, environ_overrides=address).status_code == 200
    assert_limited(api.call("GET", "/v1/people", user=ada))
    assert api.call("GET", "/v1/me", user=bob).status_code == 200


def test_an_address_has_a_limit_whoever_asks(doors: Doors) -> None:
    api = doors.open(address="2/day")
    statuses = [api.call("GET", "/v1/me", token="garbage").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    other = {"REMOTE_ADDR": "10.0.0.1"}
    assert api.call("GET", "/v1/server", environ_overrides=other).status_code == 200


def test_addresses_of_one_ipv6_network_are_one(doors: Doors) -> None:
    api = doors.open(address="1/day")
    statuses = [
        api.call("GET", "/v1/server", environ_overrides={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]
    assert statuses == [200, 429, 200]


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("sign_up", "/v1/accounts", {"name": "ada", "password": PASSWORD}),
        ("log_in", "/v1/sessions", {"name": "ada", "password": PASSWORD}),
        ("refresh", "/v1/sessions/refresh", {"refresh_token": "x"}),
    ],
)
def test_what_tries_secrets_has_a_limit_of_its_own(
    doors: Doors, kind: str, path: str, body: object
) -> None:
    api = doors.open(**{kind: "2/day"})
    assert api.call("POST", path, body).status_code != 429
    assert api.call("POST", path, {}).status_code == 422
    assert_limited(api.call("POST", path, body))
    assert api.call("GET", "/v1/server").status_code == 200


def test_what_is_left_is_said(doors: Doors) -> None:
    api = doors.open(account="5/minute;9/day", address="7/hour")
    user = api.sign_up("ada")
    headers = api.call("GET", "/v1/me", user=user).headers
    assert headers["RateLimit-Policy"] == (
        '"account-minute";q=5;w=60, "address-hour";q=7;w=3600, "account-day";q=9;w=86400'
    )
    left = re.findall(r'"([a-z-]+)";r=(\d+);t=(\d+)', headers["RateLimit"])
    assert [(name, int(rest)) for name, rest, _ in left] == [
        ("account-minute", 4),
        ("address-hour", 5),
        ("account-day", 8),
    ]
    assert "Retry-After" not in headers


def test_without_limits_nothing_is_counted(doors: Doors) -> None:
    none = {"account": "", "address": "", "sign_up": "", "log_in": "", "refresh": ""}
    api = doors.open(**none)
    assert "RateLimit" not in api.call("GET", "/v1/me", user=api.sign_up("ada")).headers


def test_the_servers_health_is_told_without_limit(doors: Doors) -> None:
    api = doors.open(address="1/day")
    assert [api.call("GET", "/health").status_code for _ in range(3)] == [200, 200, 200]


def test_redis_counts_for_all_processes_and_may_go_away(
    doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, REDIS_PASSWORD)
    with Redis(tmp_path, REDIS_PASSWORD) as redis:
        one, other = (doors.open(store=redis.url, address="2/day") for _ in range(2))
        assert one.call("GET", "/v1/server").status_code == 200
        assert other.call("GET", "/v1/server").status_code == 200
        assert_limited(one.call("GET", "/v1/server"))
        assert_limited(other.call("GET", "/v1/server"))
        redis.kill()
        statuses = [one.call("GET", "/v1/server").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_defaults_let_a_device_work_and_stop_a_guesser() -> None:
    limits = Limits()
    assert (limits.account, limits.log_in) == ("600/minute", "20/minute;200/hour")


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/v1/me", 64 * 1024, 413), ("/v1/sync", 64 * 1024, 400), ("/v1/sync", 1024 * 1024, 413)],
)
def test_bodies_have_a_limit_by_route(api: Api, path: str, size: int, status: int) -> None:
    method = "PATCH" if path == "/v1/me" else "POST"
    user, body = api.sign_up("ada"), b"x" * (size + 1)
    response = api.call(method, path, user=user, data=body, content_type="application/json")
    assert response.status_code == status
