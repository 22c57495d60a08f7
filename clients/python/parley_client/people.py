"""What a client asks of the REST API: people, conversations and history."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from parley_client.api import Api
from parley_client.errors import LoggedOutError
from parley_protocol import rest
from parley_protocol.payloads import Entry


class PeopleAndGroups(ABC):
    """Requests of the person whose session ``api`` holds.

    Each raises ``ApiError`` where the server refuses, and ``UnreachableError`` where it is away.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def uid(self) -> str:
        """The person's id."""
        if self._api.credentials is None:
            raise LoggedOutError("log in first")
        return self._api.credentials.uid

    async def me(self) -> rest.Account:
        """Show one's own account."""
        return await self._api.get("/v1/me", rest.Account)

    async def set_display_name(self, display_name: str) -> rest.Account:
        """Change how others see one's name."""
        body = rest.ChangeAccount(display_name=display_name)
        return await self._api.send("PATCH", "/v1/me", body, rest.Account)

    async def change_email(self, email: str | None, password: str) -> None:
        """Have a code mailed to a new address, for ``confirm_email``; ``None`` removes it."""
        body = rest.ChangeEmail(email=email, password=password)
        await self._api.do("PUT", "/v1/me/email", body)

    async def confirm_email(self, code: str) -> rest.Account:
        """Make an address one's own, by the code that was mailed to it."""
        body = rest.Confirm(code=code)
        return await self._api.send("POST", "/v1/me/email/confirmation", body, rest.Account)

    async def change_password(self, password: str, new_password: str) -> None:
        """Change one's password; all one's other devices are logged out."""
        body = rest.ChangePassword(password=password, new_password=new_password)
        await self._api.do("PUT", "/v1/me/password", body)

    async def begin_second_factor(self, password: str) -> rest.SecondFactor:
        """Get a secret for an authenticator application; it counts when it is confirmed."""
        body = rest.Prove(password=password)
        return await self._api.send("POST", "/v1/me/second-factor", body, rest.SecondFactor)

    async def confirm_second_factor(self, code: str) -> list[str]:
        """Turn the second factor on, by a first code; give the recovery codes."""
        path, body = "/v1/me/second-factor/confirmation", rest.Confirm(code=code)
        return (await self._api.send("POST", path, body, rest.RecoveryCodes)).codes

    async def remove_second_factor(self, password: str, code: str) -> None:
        """Turn the second factor off, by the password and a code, or a recovery code."""
        body = rest.RemoveSecondFactor(password=password, code=code)
        await self._api.do("POST", "/v1/me/second-factor/removal", body)

    async def link_openid(self, login: str, state: str, code: str, password: str) -> None:
        """Let whom the provider vouches for log in to one's account; see ``begin_openid``."""
        body = rest.LinkOpenId(login=login, state=state, code=code, password=password)
        await self._api.do("PUT", "/v1/me/openid", body)

    async def unlink_openid(self, password: str) -> None:
        """Let nobody log in to one's account by a provider any more."""
        await self._api.do("POST", "/v1/me/openid/removal", rest.Prove(password=password))

    async def devices(self) -> list[rest.DeviceSession]:
        """Give the devices on which one is logged in, the last one first; a hundred at most."""
        page = await self._api.get("/v1/sessions", rest.DeviceSessions, limit=100)
        return page.items

    async def log_out_device(self, device: str) -> None:
        """End the session of one of one's devices, by its id."""
        await self._api.delete(f"/v1/sessions/{device}")

    async def log_out_others(self) -> None:
        """End the sessions of all one's devices but this one."""
        await self._api.delete("/v1/sessions")

    async def people(self, prefix: str, limit: int = 50) -> list[rest.Person]:
        """Look people up by the beginning of their account name."""
        page = await self._api.get("/v1/people", rest.People, prefix=prefix, limit=limit)
        return page.items

    async def person(self, name: str) -> rest.Person:
        """Find somebody by account name.

        Raises:
            LookupError: there is nobody of that name.
        """
        for found in await self.people(name, limit=1):
            if found.name == name:
                return found
        raise LookupError(f"there is nobody called {name}")

    async def dm(self, name: str) -> str:
        """Give the conversation with somebody, by account name."""
        body = rest.OpenDm(peer=(await self.person(name)).uid)
        return await self._open("/v1/conversations/dm", body)

    async def group(self, name: str, uids: Iterable[str] = ()) -> str:
        """Make a group of oneself and others, by uid; give its conversation."""
        body = rest.CreateGroup(name=name, members=list(uids))
        return await self._open("/v1/conversations/group", body)

    async def conversation(self, cid: str) -> rest.Conversation:
        """Show a conversation with its members."""
        return await self._api.get(f"/v1/conversations/{cid}", rest.Conversation)

    async def conversations(self) -> AsyncIterator[rest.Conversation]:
        """Give all conversations, the last moved first."""
        cursor: str | None = None
        while True:
            page = await self._api.get("/v1/conversations", rest.Conversations, cursor=cursor)
            for conversation in page.items:
                yield conversation
            if page.next is None:
                return
            cursor = page.next

    async def rename(self, cid: str, name: str) -> None:
        """Give a group another name."""
        body = rest.RenameGroup(name=name)
        await self._api.send("PATCH", f"/v1/conversations/{cid}", body, rest.Conversation)

    async def set_retention(self, cid: str, days: int | None) -> None:
        """Say for how many days messages are kept; ``None`` is for ever."""
        body = rest.SetRetention(days=days)
        await self._api.send("PUT", f"/v1/conversations/{cid}/retention", body, rest.Conversation)

    async def add(self, cid: str, uids: Iterable[str]) -> None:
        """Let people join a group."""
        body = rest.AddMembers(uids=list(uids))
        await self._api.send("POST", f"/v1/conversations/{cid}/members", body, rest.Conversation)

    async def remove(self, cid: str, uid: str) -> None:
        """Take a member out of a group."""
        await self._api.delete(f"/v1/conversations/{cid}/members/{uid}")

    async def leave(self, cid: str) -> None:
        """Leave a group."""
        await self.remove(cid, self.uid)

    async def set_role(self, cid: str, uid: str, role: rest.GivenRole) -> None:
        """Give a member another role."""
        path = f"/v1/conversations/{cid}/members/{uid}"
        await self._api.send("PUT", path, rest.SetRole(role=role), rest.Conversation)

    async def history(
        self, cid: str, *, after: int | None = None, before: int | None = None, limit: int = 200
    ) -> list[Entry]:
        """Read a page of history by rising seq: the first after a number, or the last before one.

        Long texts are cut (``partial``); ``message`` gives the whole.
        """
        page = await self._api.get(
            f"/v1/conversations/{cid}/messages",
            rest.Messages,
            after=after,
            before=before,
            limit=limit,
        )
        return page.items

    async def message(self, cid: str, seq: int) -> Entry:
        """Read one message with its whole text."""
        return await self._api.get(f"/v1/conversations/{cid}/messages/{seq}", Entry)

    async def search(  # noqa: PLR0913 - each narrows it further
        self,
        query: str,
        *,
        cid: str | None = None,
        sender: str | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> rest.Hits:
        """Find messages by words, "phrases" and beginnings*, the newest first.

        ``after`` and ``before`` say when they were stored; ``cursor`` is ``next`` of the page
        before.
        """
        narrowed = {"cid": cid, "from": sender, "after": _time(after), "before": _time(before)}
        page = {"cursor": cursor, "limit": limit}
        return await self._api.get("/v1/search", rest.Hits, q=query, **narrowed, **page)

    async def _open(self, path: str, body: rest.OpenDm | rest.CreateGroup) -> str:
        conversation = await self._api.send("POST", path, body, rest.Conversation)
        self._note_place(conversation)
        return conversation.cid

    @abstractmethod
    def _note_place(self, conversation: rest.Conversation) -> None:
        """Keep to whom messages of a conversation are addressed."""


def _time(time: datetime | None) -> str | None:
    """Write a time; one without a zone is local."""
    return None if time is None else time.astimezone().isoformat()
