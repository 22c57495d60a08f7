"""The conversation that the person is in, and what typed lines do there."""

import shlex

import click

from clients.terminal.commands import HELP, Say, parse
from clients.terminal.display import entry_line, harmless, hit_line
from parley_client import ApiError, Client, UnreachableError
from parley_protocol import rest
from parley_protocol.payloads import Entry

_HISTORY = 20
_HISTORY_MOST = 200


class Room:
    """Holds where the person is, and the names of whom they have met."""

    def __init__(self, client: Client) -> None:
        self.cid: str | None = None
        self._client = client
        self._names: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._listed: list[str] = []
        self._typed: set[str] = set()
        self._seen: dict[str, int] = {}

    async def obey(self, line: str) -> bool:
        """Do what a line says; tell whether to go on."""
        wish = parse(line)
        try:
            if isinstance(wish, Say):
                await self._say(wish.text)
            elif wish is not None:
                return await self.do(wish.name, wish.rest)
        except (ApiError, UnreachableError, LookupError, ValueError) as error:
            click.echo(f"{error}.", err=True)
        return True

    async def do(self, name: str, rest_of_line: str) -> bool:
        """Carry out a command; tell whether to go on."""
        if name == "quit":
            return False
        action = getattr(self, f"_do_{name}", None)
        if action is None:
            raise LookupError(f"there is no /{name}; /help says what there is")
        await action(rest_of_line)
        return True

    def name(self, uid: str) -> str:
        """Give a display name, or what there is."""
        return self._names.get(uid, uid[:8])

    async def title(self, cid: str) -> str:
        """Give a conversation's title: the group's name, or the other person's."""
        if cid not in self._titles:
            try:
                self._note(await self._client.conversation(cid))
            except (ApiError, UnreachableError):
                return cid[:8]
        return self._titles[cid]

    async def learn(self, entry: Entry) -> None:
        """Get to know those that an entry names."""
        uids = {entry.sender, *(entry.system.uids if entry.system else ())}
        if not uids <= self._names.keys() or (entry.system and entry.system.name):
            self._titles.pop(entry.cid, None)
            await self.title(entry.cid)

    def is_on_screen(self, entry: Entry) -> bool:
        """Tell whether the person sees an entry already: from the history, or as they typed it."""
        if entry.id in self._typed:
            self._typed.remove(entry.id)
            return True
        return entry.seq <= self._seen.get(entry.cid, 0)

    async def see(self, entry: Entry) -> None:
        """Note that an entry of the open conversation is on the screen, and so is read."""
        if entry.cid == self.cid:
            self._seen[entry.cid] = max(entry.seq, self._seen.get(entry.cid, 0))
            await self._client.receipt(entry.cid, read=entry.seq)

    async def _say(self, text: str) -> None:
        sending = await self._client.send(self._here(), text)
        self._typed.add(sending.id)

    async def _do_help(self, _: str) -> None:
        click.echo(HELP)

    async def _do_list(self, _: str) -> None:
        found = [conversation async for conversation in self._client.conversations()]
        self._listed = [conversation.cid for conversation in found]
        for number, conversation in enumerate(found, 1):
            self._note(conversation)
            unread = f"  ({conversation.unread} new)" if conversation.unread else ""
            click.echo(f"{number:3} {harmless(self._titles[conversation.cid])}{unread}")
        if not found:
            click.echo("No conversation yet: /dm NAME begins one.")

    async def _do_open(self, number: str) -> None:
        if not number.isdecimal() or not 1 <= int(number) <= len(self._listed):
            raise LookupError("give a number of /list")
        await self._enter(self._listed[int(number) - 1])

    async def _do_dm(self, name: str) -> None:
        await self._enter(await self._client.dm(_given(name, "a name")))

    async def _do_group(self, words: str) -> None:
        title, *names = shlex.split(_given(words, "a title"))
        people = [(await self._client.person(name)).uid for name in names]
        await self._enter(await self._client.group(title, people))

    async def _do_add(self, names: str) -> None:
        people = [(await self._client.person(name)).uid for name in _given(names, "names").split()]
        await self._client.add(self._here(), people)

    async def _do_leave(self, _: str) -> None:
        await self._client.leave(self._here())
        self.cid = None

    async def _do_who(self, _: str) -> None:
        conversation = await self._client.conversation(self._here())
        self._note(conversation)
        for member in conversation.members:
            click.echo(f"    {harmless(member.display_name)} ({member.name}, {member.role})")

    async def _do_history(self, count: str) -> None:
        here, limit = self._here(), int(count) if count.isdecimal() else _HISTORY
        await self.title(here)
        for entry in await self._client.history(here, limit=max(1, min(limit, _HISTORY_MOST))):
            click.echo(entry_line(entry, self.name))
            await self.see(entry)

    async def _do_search(self, query: str) -> None:
        found = await self._client.search(_given(query, "words to look for"))
        for hit in reversed(found.items):
            title = harmless(await self.title(hit.message.cid))
            click.echo(f"{title}: {hit_line(hit, self.name)}")
        if not found.items:
            click.echo("Nothing was found.")

    async def _enter(self, cid: str) -> None:
        self.cid = cid
        click.echo(f"— {harmless(await self.title(cid))}")
        await self._do_history("")

    def _here(self) -> str:
        if self.cid is None:
            raise LookupError("open a conversation first: /list, /open NUMBER or /dm NAME")
        return self.cid

    def _note(self, conversation: rest.Conversation) -> None:
        self._names |= {member.uid: member.display_name for member in conversation.members}
        others = [m.display_name for m in conversation.members if m.uid != self._client.uid]
        self._titles[conversation.cid] = conversation.name or ", ".join(others) or "yourself"


def _given(words: str, what: str) -> str:
    if not words:
        raise LookupError(f"give {what} after the command")
    return words
