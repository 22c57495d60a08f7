"""The REST API's side of a client: requests, problems, and tokens that renew themselves."""

import asyncio
import time
from dataclasses import replace
from typing import TypeVar

import httpx
import msgspec

from parley_client.errors import ApiError, LoggedOutError, UnreachableError
from parley_client.store import Credentials, Store
from parley_protocol import rest

Beginning = rest.SignUp | rest.Login | rest.AnswerChallenge | rest.OpenIdAnswer
"""What can begin a session."""
_T = TypeVar("_T")
_TIMEOUT_SECONDS = 20.0
_RENEW_BEFORE_SECONDS = 60.0
_UNAUTHORIZED = 401
_UNAVAILABLE = {502, 503, 504}


class Api:
    """Requests to one server, as the device whose session ``store`` holds."""

    def __init__(self, server: str, store: Store) -> None:
        # Without TLS there are no certificates to load, which takes a while.
        secure = server.startswith("https:")
        self._http = httpx.AsyncClient(base_url=server, timeout=_TIMEOUT_SECONDS, verify=secure)
        self._store = store
        self._renewing = asyncio.Lock()
        self.credentials = store.credentials()

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    @property
    def logged_in(self) -> bool:
        """Whether there is a session that has not ended."""
        return self.credentials is not None and bool(self.credentials.refresh_token)

    async def begin(self, path: str, body: Beginning) -> bool:
        """Begin a session by signing up or logging in, or by going on with that.

        Tell whether somebody new has the device: then everything of the one before is forgotten.
        """
        held = self.credentials
        session = await self._begin(path, body, held.device if held else None)
        server = msgspec.json.decode(await self._send("GET", "/v1/server"), type=rest.Server)
        is_new = held is not None and held.uid != session.uid
        if is_new:
            self._store.forget_person()
        self._keep(_credentials(session, server.mqtt))
        return is_new

    async def _begin(self, path: str, body: Beginning, device: str | None) -> rest.Session:
        """Keep the device's id where the server lets us: its queue waits under it."""
        if not isinstance(body, rest.Device):
            return msgspec.json.decode(await self._send("POST", path, body), type=rest.Session)
        kept = msgspec.structs.replace(body, device=device)
        try:
            answer = await self._send("POST", path, kept)
        except ApiError as error:
            if error.problem.code != "device_taken":
                raise
            answer = await self._send("POST", path, body)
        return msgspec.json.decode(answer, type=rest.Session)

    async def begin_openid(self, body: rest.BeginOpenId) -> rest.OpenIdLogin:
        """Begin a login by a provider, for this device."""
        held = self.credentials
        kept = msgspec.structs.replace(body, device=held.device if held else None)
        answer = await self._send("POST", "/v1/openid/logins", kept)
        return msgspec.json.decode(answer, type=rest.OpenIdLogin)

    async def token(self) -> str:
        """Give an access token that holds for a while; renewed in time.

        Raises:
            LoggedOutError: there is no session any more.
            UnreachableError: it has to be renewed, and the server does not answer.
        """
        async with self._renewing:
            held = self._held()
            if held.expires_at - time.time() < _RENEW_BEFORE_SECONDS:
                held = await self._renew(held)
            return held.access_token

    def refuse_token(self, token: str) -> None:
        """Take note that a token was refused, so that the next one is new."""
        held = self.credentials
        if held is not None and held.access_token == token:
            self._keep(replace(held, expires_at=0.0))

    async def get(self, path: str, model: type[_T], **query: object) -> _T:
        """Ask for something."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        answer = await self._authorized("GET", str(httpx.URL(path, params=given or None)))
        return msgspec.json.decode(answer, type=model)

    async def send(self, method: str, path: str, body: msgspec.Struct, model: type[_T]) -> _T:
        """Change something, or ask with a body."""
        return msgspec.json.decode(await self._authorized(method, path, body), type=model)

    async def do(self, method: str, path: str, body: msgspec.Struct) -> None:
        """Have something done that gives nothing back."""
        await self._authorized(method, path, body)

    async def ask(self, method: str, path: str, body: msgspec.Struct) -> None:
        """Have something done for which nobody has to be logged in."""
        await self._send(method, path, body)

    async def delete(self, path: str) -> None:
        """Take something away."""
        await self._authorized("DELETE", path)

    def forget(self) -> None:
        """Forget the session."""
        self._store.forget_person()
        self.credentials = None

    def _held(self) -> Credentials:
        if self.credentials is None or not self.logged_in:
            raise LoggedOutError("log in first")
        return self.credentials

    async def _renew(self, held: Credentials) -> Credentials:
        body = rest.Refresh(refresh_token=held.refresh_token)
        try:
            answer = await self._send("POST", "/v1/sessions/refresh", body)
        except ApiError as error:
            if error.problem.status != _UNAUTHORIZED:
                raise
            self._keep(replace(held, access_token="", refresh_token="", expires_at=0.0))
            raise LoggedOutError("the session has ended: log in again") from None
        return self._keep(_credentials(msgspec.json.decode(answer, type=rest.Session), held.broker))

    def _keep(self, held: Credentials) -> Credentials:
        self._store.keep_credentials(held)
        self.credentials = held
        return held

    async def _authorized(
        self, method: str, path: str, body: msgspec.Struct | None = None
    ) -> bytes:
        token = await self.token()
        try:
            return await self._send(method, path, body, token)
        except ApiError as error:
            if error.problem.status != _UNAUTHORIZED:
                raise
        self.refuse_token(token)
        return await self._send(method, path, body, await self.token())

    async def _send(
        self, method: str, path: str, body: msgspec.Struct | None = None, token: str = ""
    ) -> bytes:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        try:
            answer = await self._http.request(method, path, content=content, headers=headers)
        except httpx.TransportError as error:
            raise UnreachableError(f"the server does not answer: {error}") from None
        if answer.status_code in _UNAVAILABLE:
            raise UnreachableError(f"the server is not available ({answer.status_code})")
        if answer.is_error:
            raise ApiError(_problem(answer))
        return answer.content


def _credentials(session: rest.Session, broker: str) -> Credentials:
    expires_at = time.time() + session.expires_in
    return Credentials(
        session.uid,
        session.device,
        session.access_token,
        expires_at,
        session.refresh_token,
        broker,
    )


def _problem(answer: httpx.Response) -> rest.Problem:
    try:
        return msgspec.json.decode(answer.content, type=rest.Problem)
    except msgspec.DecodeError:
        return rest.Problem(
            type="about:blank",
            title=answer.reason_phrase,
            status=answer.status_code,
            code="unknown",
            detail=f"the server answered {answer.status_code}",
        )
