"""``parley chat``: log in, listen, and do what is typed."""

import asyncio
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from clients.terminal.display import entry_line, harmless
from clients.terminal.room import Room
from parley_client import ApiError, Client, Connected, Disconnected, LoggedOutError, StoreInUseError
from parley_client.events import Event
from parley_protocol.payloads import ConversationChanged, Entry, Rejected


def run(server: str, store: Path | None) -> None:
    """Chat until ``/quit``, the end of the input, or Ctrl-C."""
    place = store or _default_store(server)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        asyncio.run(_chat(server, place))
    except (LoggedOutError, StoreInUseError, ConnectionError, ApiError) as error:
        raise click.ClickException(str(error)) from None


def _default_store(server: str) -> Path:
    host = urlsplit(server).netloc.replace(":", "-")
    return Path(click.get_app_dir("parley")) / f"{host}.db"


async def _chat(server: str, store: Path) -> None:
    async with Client(server, store=store) as client:
        if not client.logged_in:
            await _log_in(client)
        click.echo("/help says what can be typed.")
        room = Room(client)
        await room.do("list", "")
        work = {asyncio.create_task(_listen(client, room)), asyncio.create_task(_obey(room))}
        done, running = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()
        if client.waiting:
            click.echo(f"Not sent yet: {client.waiting}. They wait for the next time.")


async def _log_in(client: Client) -> None:
    name = click.prompt("Name", err=True)
    password = click.prompt("Password", hide_input=True, err=True)
    try:
        await client.login(name, password)
    except ApiError as error:
        if error.problem.challenge is not None:
            code = click.prompt("Code of the second factor", err=True)
            await client.answer(error.problem.challenge, code)
            return
        if error.problem.code != "wrong_credentials":
            raise
        question = f"Nobody called {name} has that password. Make a new account of it?"
        if not click.confirm(question, err=True):
            raise
        await _sign_up(client, name, password)


async def _sign_up(client: Client, name: str, password: str) -> None:
    try:
        await client.sign_up(name, password)
    except ApiError as error:
        if error.problem.code != "invitation_needed":
            raise
        invitation = click.prompt("Invitation", err=True)
        await client.sign_up(name, password, invitation=invitation)


async def _listen(client: Client, room: Room) -> None:
    async for event in client:
        line = await _line(event, room)
        if line:
            click.echo(line)


async def _line(event: Event, room: Room) -> str:
    if isinstance(event, Entry):
        return await _entry(event, room)
    match event:
        case Rejected():
            return f"Not stored: {event.detail}."
        case ConversationChanged(change="left"):
            return f"You are no longer in {harmless(await room.title(event.cid))}."
        case Connected():
            return "— connected"
        case Disconnected():
            return "— not connected; what you type is kept and sent later"
    return ""


async def _entry(entry: Entry, room: Room) -> str:
    if room.is_on_screen(entry):
        return ""
    await room.learn(entry)
    await room.see(entry)
    mark = "" if entry.cid == room.cid else f"[{harmless(await room.title(entry.cid))}] "
    return mark + entry_line(entry, room.name)


async def _obey(room: Room) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # A thread of its own that nobody waits for: a read from a terminal cannot be called off.
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lines.put_nowait, "/quit")

    threading.Thread(target=read, daemon=True).start()
    while await room.obey(await lines.get()):
        pass
