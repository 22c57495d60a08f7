"""The SDK through what a phone goes through: no network, old tokens, restarts, ended sessions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parley_client import (
    ApiError,
    Client,
    Connected,
    Disconnected,
    LoggedOutError,
    UnreachableError,
)
from parley_client.store import Store
from parley_protocol.payloads import Entry, Forwarded, ReceiptMoved
from storage import open_ledger
from tests.integration.platform.devices import log_in
from tests.integration.platform.people import PASSWORD, People, Person
from tests.platform import Platform, free_ports, wait


async def test_the_session_lasts_over_a_restart(
    platform: Platform, people: People, tmp_path: Path
) -> None:
    bob = await people("bob")
    async with Client(platform.url, store=tmp_path / "phone.db") as client:
        await client.sign_up("restarted", PASSWORD)
    async with Client(platform.url, store=tmp_path / "phone.db") as client:
        ada = Person(client, "restarted")
        await ada.next(Connected)
        assert await ada.say(await client.dm(bob.name), "hello again") == 1


async def test_what_is_sent_before_there_is_a_connection_waits(
    platform: Platform, people: People, tmp_path: Path
) -> None:
    bob = await people("bob")
    file = tmp_path / "phone.db"
    async with Client(platform.url, store=file) as client:
        await client.sign_up("offline", PASSWORD)
        cid = await client.dm(bob.name)
    client = Client(platform.url, store=file)
    for text in ("one", "two", "three"):
        await client.send(cid, text)
    assert client.waiting == 3
    await client.__aexit__(None, None, None)
    async with Client(platform.url, store=file) as again:
        assert again.waiting == 3
        assert await bob.texts(3) == ["one", "two", "three"]


@pytest.mark.parametrize("service", ["broker", "bridge", "keeper", "webapi"])
async def test_a_service_that_dies_is_not_noticed_in_the_chat(
    platform: Platform, people: People, service: str
) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    await ada.say(cid, "before")
    pid = platform.pid(service)
    assert platform.kill(service)
    await ada.say(cid, "after")
    assert await bob.texts(2) == ["before", "after"]
    if service == "broker":
        await ada.next(Disconnected)
    wait(lambda: platform.pid(service) != pid)
    platform.wait_ready()


async def test_a_token_that_is_refused_is_renewed(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "phone.db"
    async with Client(platform.url, store=file) as client:
        await client.sign_up("renewed", PASSWORD)
    store = Store(file)
    held = store.credentials()
    assert held is not None
    store.keep_credentials(replace(held, access_token="no longer good"))
    store.close()
    async with Client(platform.url, store=file) as client:
        await Person(client, "renewed").next(Connected)
        assert (await client.me()).name == "renewed"


async def test_an_ended_session_is_told(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "phone.db"
    async with Client(platform.url, store=file) as client:
        await client.sign_up("ended", PASSWORD)
    store = Store(file)
    held = store.credentials()
    assert held is not None
    store.keep_credentials(replace(held, access_token="old", refresh_token="old", expires_at=0))
    store.close()
    async with Client(platform.url, store=file) as client:
        with pytest.raises(LoggedOutError):
            await anext(aiter(client))
        assert not client.logged_in
        await client.login("ended", PASSWORD)
        await Person(client, "ended").next(Connected)


async def test_logging_out_forgets_everything(platform: Platform, tmp_path: Path) -> None:
    async with Client(platform.url, store=tmp_path / "phone.db") as client:
        await client.sign_up("forgetful", PASSWORD)
        await client.logout()
        assert not client.logged_in
        with pytest.raises(LoggedOutError):
            await client.me()
    store = Store(tmp_path / "phone.db")
    assert store.credentials() is None
    store.close()


async def test_a_wrong_password_is_told(platform: Platform, people: People, tmp_path: Path) -> None:
    ada = await people("ada")
    async with Client(platform.url, store=tmp_path / "phone.db") as client:
        with pytest.raises(ApiError) as caught:
            await client.login(ada.name, "a wrong password")
    assert caught.value.problem.code == "wrong_credentials"


async def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with Client(f"http://127.0.0.1:{port}", store=tmp_path / "phone.db") as client:
        with pytest.raises(UnreachableError):
            await client.login("ada", PASSWORD)


async def test_unread_is_what_came_since_the_receipt(platform: Platform, people: People) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    for number in range(3):
        await ada.say(cid, str(number))
    assert (await bob.client.conversation(cid)).unread == 3
    await bob.client.receipt(cid, delivered=3, read=2)
    moved = await ada.next(ReceiptMoved)
    assert (moved.uid, moved.delivered, moved.read) == (bob.uid, 3, 2)
    assert (await bob.client.conversation(cid)).unread == 1
    assert (await (await log_in(platform, bob.name)).get(f"/v1/conversations/{cid}")).json()[
        "unread"
    ] == 1


@pytest.mark.parametrize("text", ["hello", "x" * 20_000])
async def test_what_is_passed_on_says_who_said_it_first(people: People, text: str) -> None:
    ada, bob, eve = [await people(name) for name in ("ada", "bob", "eve")]
    await ada.say(await ada.client.dm(bob.name), text)
    heard = await bob.next(Entry)
    await bob.client.forward(await bob.client.dm(eve.name), heard)
    first = await eve.next(Entry)
    assert first.text == text
    assert first.forwarded == Forwarded(sender=heard.sender, sent_at=heard.sent_at)
    await eve.client.forward(await eve.client.dm(ada.name), first)
    while (entry := await ada.next(Entry)).sender != eve.client.uid:
        pass
    assert entry.forwarded == first.forwarded


async def test_search_finds_at_once_and_after_it_is_indexed(
    platform: Platform, people: People
) -> None:
    ada, bob, eve = [await people(name) for name in ("ada", "bob", "eve")]
    cid = await ada.client.dm(bob.name)
    await ada.say(cid, "Meet me at the café")
    ledger = open_ledger(f"sqlite:///{platform.data / 'parley.db'}")
    for _ in range(2):
        (hit,) = (await bob.client.search('"the cafe"', cid=cid, sender=ada.uid)).items
        assert hit.message.text == "Meet me at the café"
        (start, end), *_ = hit.snippet.highlights
        assert hit.snippet.text[start:end] == "the café"
        assert (await eve.client.search("cafe")).items == []
        wait(lambda: not ledger.unindexed())
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert (await bob.client.search("cafe", cid=cid, after=tomorrow)).items == []
    assert len((await bob.client.search("cafe", cid=cid, before=tomorrow)).items) == 1
