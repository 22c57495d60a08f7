"""The client: one device of one person."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from parley_client.api import Api, Beginning
from parley_client.connection import Connection
from parley_client.errors import LoggedOutError
from parley_client.events import Event
from parley_client.feed import Feed
from parley_client.outbox import Outbox, Outgoing
from parley_client.people import PeopleAndGroups
from parley_client.sending import Sending
from parley_client.store import Store
from parley_client.tasks import finish
from parley_protocol import limits, rest, topics
from parley_protocol.ids import new_id
from parley_protocol.payloads import (
    ConversationChanged,
    Entry,
    Forwarded,
    Message,
    Receipt,
    Rejected,
    Typing,
    decode_down,
    encode,
)
from parley_protocol.topics import Kind, Scope


class Client(PeopleAndGroups):
    """Talks to one server, and keeps what must not be lost in ``store``, a file.

    Within ``async with`` it connects and stays connected, as soon as there is a session, which
    the store keeps. Iterating gives events, each message once and in order.
    """

    def __init__(self, server: str, store: str | Path) -> None:
        self._store = Store(Path(store))
        super().__init__(Api(server, self._store))
        self._outbox = Outbox(self._store.outbox())
        self._sendings: dict[str, Sending] = {}
        self._feed = Feed(self._store, self._api)
        self._connection = Connection(self._api, self._feed, self._outbox, self._receive)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect, where there is a session."""
        if self.logged_in:
            self._connect()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        """Disconnect; what is in the outbox is sent the next time."""
        await self._disconnect()
        await self._api.close()
        self._store.close()

    async def sign_up(
        self,
        name: str,
        password: str,
        display_name: str | None = None,
        *,
        invitation: str | None = None,
    ) -> None:
        """Make an account and a session for this device; some servers ask for an invitation."""
        wanted = rest.SignUp(
            name=name, password=password, display_name=display_name, invitation=invitation
        )
        await self._begin("/v1/accounts", wanted)

    async def login(self, name: str, password: str) -> None:
        """Begin a session for this device, by account name or e-mail address; the store keeps it.

        Where the account has a second factor, ``ApiError`` says ``second_factor`` and holds a
        challenge: ``answer`` goes on with it.
        """
        await self._begin("/v1/sessions", rest.Login(name=name, password=password))

    async def answer(self, challenge: str, code: str) -> None:
        """Go on with a login that asked for the second factor, by a code or a recovery code."""
        body = rest.AnswerChallenge(challenge=challenge, code=code)
        await self._begin("/v1/sessions/second-factor", body)

    async def ask_for_reset(self, email: str) -> None:
        """Have a code mailed to an account's address, for ``reset_password``."""
        await self._api.ask("POST", "/v1/password-resets", rest.AskForReset(email=email))

    async def reset_password(self, code: str, new_password: str) -> None:
        """Set a new password by a mailed code; all devices of the account are logged out."""
        body = rest.ResetPassword(code=code, new_password=new_password)
        await self._api.ask("POST", "/v1/password-resets/confirmation", body)

    async def begin_openid(self, redirect: str) -> rest.OpenIdLogin:
        """Begin a login by the server's OpenID Connect provider.

        Open ``url`` in a browser; the provider sends it to ``redirect``, which the server must
        know, with a ``state`` and a ``code``, for ``finish_openid``.
        """
        body = rest.BeginOpenId(redirect=redirect)
        return await self._api.begin_openid(body)

    async def finish_openid(self, login: str, state: str, code: str) -> None:
        """Begin a session for this device with what the provider has sent back.

        It may ask for the second factor, as ``login`` does.
        """
        body = rest.OpenIdAnswer(login=login, state=state, code=code)
        await self._begin("/v1/openid/sessions", body)

    async def logout(self) -> None:
        """End the session, and forget everything of it."""
        await self._disconnect()
        await self._api.delete("/v1/sessions/current")
        self._api.forget()

    async def erase(self, password: str) -> None:
        """Erase the account with all that was said, here and on the server, for ever."""
        await self._api.do("POST", "/v1/me/erasure", rest.EraseAccount(password=password))
        await self._disconnect()
        self._api.forget()

    async def send(
        self, cid: str, text: str, *, reply_to: str | None = None, mentions: Iterable[str] = ()
    ) -> Sending:
        """Send a text. It is safe in the outbox at return, connected or not.

        Raises:
            UnreachableError: this device has not seen the conversation yet, and the server is away.
        """
        if not 1 <= len(text) <= limits.TEXT_MAX:
            raise ValueError(f"a text has 1 to {limits.TEXT_MAX:,} characters")
        if "\0" in text:
            raise ValueError("a text cannot hold U+0000")
        message = _message(text=text, reply_to=reply_to, mentions=tuple(mentions))
        return await self._send(cid, message)

    async def forward(self, cid: str, entry: Entry) -> Sending:
        """Pass on to a conversation what was said in another."""
        if entry.partial:
            entry = await self.message(entry.cid, entry.seq)
        first = entry.forwarded or Forwarded(sender=entry.sender, sent_at=entry.sent_at)
        return await self._send(cid, _message(text=entry.text, forwarded=first))

    async def edit(self, cid: str, target: str, text: str) -> Sending:
        """Replace the text of one's own message."""
        return await self._send(cid, _message(type="edit", target=target, text=text))

    async def delete(self, cid: str, target: str) -> Sending:
        """Take a message back, for everybody."""
        return await self._send(cid, _message(type="delete", target=target))

    async def react(self, cid: str, target: str, emoji: str) -> Sending:
        """React to a message."""
        return await self._send(cid, _message(type="reaction", target=target, emoji=emoji))

    async def receipt(self, cid: str, *, delivered: int = 0, read: int = 0) -> None:
        """Tell how far this person has received and read a conversation."""
        topic = await self._topic(cid, "receipt")
        self._connection.tell(topic, Receipt(cid=cid, delivered=delivered, read=read))

    async def typing(self, cid: str, *, on: bool) -> None:
        """Tell those who are connected that this person is writing, or has stopped."""
        topic = await self._topic(cid, "typing")
        self._connection.show(topic, encode(Typing(on=on)))

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Give events as they come; an event is finished when the next one is asked for.

        Raises:
            LoggedOutError: the session has ended.
        """
        while True:
            event = await self._next()
            yield event
            self._feed.finish(event)

    @property
    def logged_in(self) -> bool:
        """Whether the store holds a session."""
        return self._api.logged_in

    @property
    def waiting(self) -> int:
        """How many messages have no answer yet."""
        return len(self._outbox)

    async def _begin(self, path: str, body: Beginning) -> None:
        await self._disconnect()
        if await self._api.begin(path, body):
            self._outbox = Outbox()
            self._feed = Feed(self._store, self._api)
            self._connection = Connection(self._api, self._feed, self._outbox, self._receive)
        self._connect()

    def _connect(self) -> None:
        self._running = asyncio.create_task(self._connection.run())

    async def _disconnect(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await finish([running])
            with suppress(asyncio.CancelledError, LoggedOutError):
                running.result()
        self._feed.keep()

    async def _next(self) -> Event:
        """Wait for an event, or for the end of the session."""
        if self._running is None:
            raise LoggedOutError("log in first")
        waiting = asyncio.ensure_future(self._feed.next())
        try:
            await asyncio.wait({waiting, self._running}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
        finally:
            waiting.cancel()
        await self._running
        raise LoggedOutError("logged out")

    async def _send(self, cid: str, message: Message) -> Sending:
        topic = await self._topic(cid, "message")
        outgoing = Outgoing(message.id, cid, topic, encode(message))
        self._store.put(outgoing)
        sending = self._sendings[message.id] = Sending(message.id)
        self._outbox.add(outgoing)
        self._connection.wake()
        return sending

    async def _topic(self, cid: str, kind: Kind) -> str:
        scope, target = self._store.place(cid) or await self._look_up_place(cid)
        held = self._api.credentials
        if held is None:
            raise LoggedOutError("log in first")
        return str(topics.Send(held.uid, held.device, scope, target, kind))

    async def _look_up_place(self, cid: str) -> tuple[Scope, str]:
        conversation = await self.conversation(cid)
        self._note_place(conversation)
        return _place(conversation, self.uid)

    def _note_place(self, conversation: rest.Conversation) -> None:
        self._store.keep_place(conversation.cid, *_place(conversation, self.uid))

    def _receive(self, payload: bytes) -> None:
        try:
            event = decode_down(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Of a later version of the contract; its numbers will show what is missing.
            return
        if isinstance(event, Entry):
            if event.sender == self.uid:
                self._answer(event.id, event.seq)
            self._feed.take(event)
            return
        if isinstance(event, Rejected):
            self._answer(event.id, event)
        if isinstance(event, ConversationChanged) and event.type == "group":
            self._store.keep_place(event.cid, "group", event.cid)
        self._feed.show(event)

    def _answer(self, message_id: str, answer: int | Rejected) -> None:
        if self._outbox.answered(message_id):
            self._store.drop(message_id)
            self._connection.wake()
        sending = self._sendings.pop(message_id, None)
        if sending is not None:
            sending.answer(answer)


def _message(**fields: object) -> Message:
    now = time.time_ns() // 1_000_000
    return msgspec.convert({"id": new_id(), "sent_at": now} | fields, Message)


def _place(conversation: rest.Conversation, uid: str) -> tuple[Scope, str]:
    if conversation.type == "group":
        return "group", conversation.cid
    others = [member.uid for member in conversation.members if member.uid != uid]
    return "dm", others[0] if others else uid
