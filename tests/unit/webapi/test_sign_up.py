"""Who can make an account: everybody, who has an invitation, or nobody."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import msgspec
import pytest

from config.settings import Accounts, Settings
from parley_protocol.rest import SignUpMode
from storage.accounts import Invitation
from storage.invitations import invite
from tests.unit.webapi.conftest import PASSWORD, Api, opened
from webapi.database import seconds, writing


def server(settings: Settings, mode: SignUpMode) -> AbstractContextManager[Api]:
    return opened(msgspec.structs.replace(settings, accounts=Accounts(sign_up=mode)))


def invited(api: Api, *, uses: int = 1, lasting: int = 60) -> str:
    now = seconds()
    with api.app.app_context(), writing() as database:
        return invite(database, uses=uses, expires_at=now + lasting, now=now)


def sign_up(api: Api, name: str, **fields: object) -> tuple[int, str]:
    body = {"name": name, "password": PASSWORD} | fields
    response = api.call("POST", "/v1/accounts", body)
    return response.status_code, response.get_json().get("code", "")


@pytest.mark.parametrize("mode", ["open", "invitation", "closed"])
def test_clients_are_told_the_mode(settings: Settings, mode: SignUpMode) -> None:
    with server(settings, mode) as api:
        assert api.ok("GET", "/v1/server")["sign_up"] == mode


def test_nobody_signs_up_where_it_is_closed(settings: Settings) -> None:
    with server(settings, "closed") as api:
        assert sign_up(api, "ada", invitation=invited(api)) == (403, "sign_up_closed")


def test_an_invitation_is_good_for_so_many(settings: Settings) -> None:
    with server(settings, "invitation") as api:
        code = invited(api, uses=2)
        assert sign_up(api, "ada") == (403, "invitation_needed")
        assert sign_up(api, "ada", invitation="of nobody") == (403, "invitation_invalid")
        assert sign_up(api, "ada", invitation=code) == (201, "")
        assert sign_up(api, "ada", invitation=code) == (409, "name_taken")
        assert sign_up(api, "bob", invitation=code) == (201, "")
        assert sign_up(api, "eve", invitation=code) == (403, "invitation_invalid")


def test_an_invitation_ends(settings: Settings) -> None:
    with server(settings, "invitation") as api:
        code = invited(api, lasting=0)
        assert sign_up(api, "ada", invitation=code) == (403, "invitation_invalid")


def test_a_code_may_be_typed_as_people_type(settings: Settings) -> None:
    with server(settings, "invitation") as api:
        code = invited(api)
        typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        assert sign_up(api, "ada", invitation=typed) == (201, "")


def test_the_last_use_is_given_once(settings: Settings) -> None:
    with server(settings, "invitation") as api:
        code = invited(api)
        with ThreadPoolExecutor(4) as pool:
            calls = [
                pool.submit(
                    api.app.test_client().post,
                    "/v1/accounts",
                    json={"name": f"ada{number}", "password": PASSWORD, "invitation": code},
                )
                for number in range(4)
            ]
            statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [201, 403, 403, 403]


def test_only_a_digest_is_kept(api: Api) -> None:
    code = invited(api)
    assert re.fullmatch("([0-9A-Z]{5}-){3}[0-9A-Z]{5}", code)
    with api.app.app_context(), writing() as database:
        (kept,) = database.query(Invitation).all()
        assert re.fullmatch("[0-9a-f]{64}", kept.code_hash)
