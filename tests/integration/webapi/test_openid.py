"""Login by a real OpenID Connect provider: ``oidc-provider``, in ``tests/servers-js``."""

import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import msgspec
import pytest
from sqlalchemy import select

from config.settings import OpenId, Settings
from storage.accounts import Ticket
from tests.javascript import installed
from tests.platform import accepts, free_ports, wait
from tests.unit.webapi.conftest import PASSWORD, Api, User, opened
from webapi.database import reading
from webapi.openid.provider import SECRET_VARIABLE

_REDIRECT = "org.example.parley:/back"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    (port,) = free_ports(1)
    command = ["node", "openid.js", str(port), _REDIRECT]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=installed("servers-js"), stdout=quiet, stderr=quiet
    ) as process:
        try:
            wait(lambda: accepts(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def server(
    settings: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AbstractContextManager[Api]]:
    """Make an API that knows the provider."""
    monkeypatch.setenv(SECRET_VARIABLE, "an openid secret")

    def make(**changes: object) -> AbstractContextManager[Api]:
        openid = OpenId(issuer=issuer, redirects=[_REDIRECT])
        openid = msgspec.structs.replace(openid, **changes)
        return opened(msgspec.structs.replace(settings, openid=openid))

    return make


def begin(api: Api, **fields: str) -> dict[str, str]:
    body = {"redirect": _REDIRECT} | fields
    begun: dict[str, str] = api.ok("POST", "/v1/openid/logins", body)
    return begun


def browse(url: str, name: str) -> dict[str, str]:
    """Log in at the provider as a person does, and give what the application is called with."""
    with httpx.Client() as browser:
        page = browser.get(url)
        while True:
            while page.has_redirect_location:
                url = urljoin(str(page.url), page.headers["Location"])
                if url.startswith(_REDIRECT):
                    return {key: value for key, (value,) in parse_qs(urlsplit(url).query).items()}
                page = browser.get(url)
            assert page.is_success, page.text
            prompt = re.search('name="prompt" value="([a-z]+)"', page.text)
            action = re.search('action="([^"]+)"', page.text)
            assert prompt, page.text
            assert action, page.text
            form = {"prompt": prompt[1], "login": name, "password": "x"}
            page = browser.post(urljoin(str(page.url), action[1]), data=form)


def finish(api: Api, begun: dict[str, str], back: dict[str, str]) -> tuple[int, dict[str, str]]:
    body = {"login": begun["login"], "state": back["state"], "code": back["code"]}
    response = api.call("POST", "/v1/openid/sessions", body)
    return response.status_code, response.get_json()


def log_in(api: Api, name: str) -> User:
    begun = begin(api)
    status, session = finish(api, begun, browse(begun["url"], name))
    assert status == 201, session
    return api.user(name, session)


def refused(api: Api, begun: dict[str, str], back: dict[str, str]) -> str:
    status, problem = finish(api, begun, back)
    assert status == 401
    return problem["code"]


Server = Callable[..., AbstractContextManager[Api]]


def test_who_is_new_gets_an_account_and_comes_back_to_it(server: Server) -> None:
    with server() as api:
        assert api.ok("GET", "/v1/server")["openid"] is True
        ada = log_in(api, "ada")
        me = api.ok("GET", "/v1/me", user=ada)
        assert (me["name"], me["display_name"]) == ("ada", "ada of the provider")
        assert me["email"] == "ada@example.org"
        assert log_in(api, "ada").uid == ada.uid
        assert log_in(api, "bob").uid != ada.uid


def test_a_name_that_is_taken_and_an_address_that_is_not_verified(server: Server) -> None:
    with server() as api:
        api.sign_up("stranger")
        me = api.ok("GET", "/v1/me", user=log_in(api, "stranger"))
        assert (me["name"], me["email"]) == ("stranger-2", None)


def test_the_device_is_the_one_that_began(server: Server) -> None:
    with server() as api:
        begun = begin(api, device_name="phone")
        _, session = finish(api, begun, browse(begun["url"], "ada"))
        (device,) = api.ok("GET", "/v1/sessions", user=api.user("ada", session))["items"]
        assert device["device_name"] == "phone"


def test_pkce_state_and_nonce_go_to_the_provider_and_the_secret_does_not(server: Server) -> None:
    with server() as api:
        begun = begin(api)
        sent = {key: value for key, (value,) in parse_qs(urlsplit(begun["url"]).query).items()}
        assert sent["response_type"] == "code"
        assert sent["code_challenge_method"] == "S256"
        assert len(sent["code_challenge"]) == 43
        assert sent["nonce"] != sent["state"]
        assert begun["login"] not in begun["url"]
        with api.app.app_context():
            kept = reading().scalars(select(Ticket.content)).one()
        assert sent["nonce"] not in kept


def test_what_does_not_fit_the_login_that_began(server: Server) -> None:
    with server() as api:
        begun, other = begin(api), begin(api)
        back = browse(begun["url"], "ada")
        assert refused(api, other, back) == "login_ended"
        assert refused(api, {"login": "of nobody"}, back) == "login_ended"
        assert finish(api, begun, back)[0] == 201
        assert refused(api, begun, back) == "login_ended"


def test_a_code_of_another_login_is_refused(server: Server) -> None:
    """Its code challenge and its nonce are not this one's."""
    with server() as api:
        begun, other = begin(api), begin(api)
        mine, theirs = browse(begun["url"], "ada"), browse(other["url"], "eve")
        assert refused(api, begun, mine | {"code": theirs["code"]}) == "openid_refused"


def test_a_token_that_was_made_for_another_login_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server() as api:
        monkeypatch.setattr("webapi.openid.services.secrets.token_urlsafe", lambda _n: "n" * 43)
        begun = begin(api)
        monkeypatch.undo()
        url = begun["url"].replace("nonce=" + "n" * 43, "nonce=another")
        monkeypatch.setenv(SECRET_VARIABLE, "an openid secret")
        assert refused(api, begun, browse(url, "ada")) == "openid_refused"


def test_only_known_urls_are_gone_back_to(server: Server) -> None:
    with server() as api:
        body = {"redirect": "https://eve.example/"}
        response = api.call("POST", "/v1/openid/logins", body)
        assert (response.status_code, response.get_json()["where"]) == (422, "$.redirect")


def test_sign_up_by_the_provider_can_be_closed(server: Server) -> None:
    with server(sign_up=False) as api:
        begun = begin(api)
        status, problem = finish(api, begun, browse(begun["url"], "ada"))
        assert (status, problem["code"]) == (403, "sign_up_closed")


def test_an_account_can_be_linked(server: Server) -> None:
    with server(sign_up=False) as api:
        ada, eve = api.sign_up("ada"), api.sign_up("eve")
        for user, status in ((ada, 204), (ada, 204), (eve, 409)):
            begun = begin(api)
            back = browse(begun["url"], "ada.lovelace")
            body = {"login": begun["login"], "state": back["state"], "code": back["code"]}
            wrong, right = body | {"password": "a wrong one"}, body | {"password": PASSWORD}
            assert api.call("PUT", "/v1/me/openid", wrong, user=user).status_code == 403
            assert api.call("PUT", "/v1/me/openid", right, user=user).status_code == status
        assert log_in(api, "ada.lovelace").uid == ada.uid
        api.ok("POST", "/v1/me/openid/removal", {"password": PASSWORD}, user=ada)
        begun = begin(api)
        assert finish(api, begun, browse(begun["url"], "ada.lovelace"))[0] == 403


def test_a_provider_that_is_away(server: Server) -> None:
    (port,) = free_ports(1)
    with server(issuer=f"http://127.0.0.1:{port}") as api:
        response = api.call("POST", "/v1/openid/logins", {"redirect": _REDIRECT})
        assert response.status_code == 503
        assert response.headers["Retry-After"]


def test_no_code_and_no_secret_reaches_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="webapi")
    with server() as api:
        begun = begin(api)
        back = browse(begun["url"], "ada")
        assert finish(api, begun, back)[0] == 201
        begun, stolen = begin(api), back["code"]
        back = browse(begun["url"], "ada")
        assert refused(api, begun, back | {"code": stolen}) == "openid_refused"
    assert "does not vouch" in caplog.text
    for secret in (stolen, back["code"], back["state"], begun["login"], "an openid secret"):
        assert secret not in caplog.text
