"""A session that ends takes its device off the broker."""

import asyncio
from contextlib import suppress

import aiomqtt
import httpx
import pytest
from aiomqtt.exceptions import MqttConnectError

from parley_client import LoggedOutError
from parley_protocol import topics
from parley_protocol.payloads import AccountChanged, Rejected, decode_down
from tests.integration.platform.devices import Device, log_in
from tests.integration.platform.people import People
from tests.platform import Platform

_SECONDS = 30


async def last_words(client: aiomqtt.Client) -> list[bytes]:
    """Give what a connection brings until it is ended from the other side."""
    heard = []
    async with asyncio.timeout(_SECONDS):
        with suppress(aiomqtt.MqttError):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append(message.payload)
    return heard


async def delete(device: Device, path: str) -> None:
    headers = {"Authorization": f"Bearer {device.token}"}
    async with httpx.AsyncClient(base_url=device.platform.url, headers=headers) as http:
        assert (await http.delete(path)).status_code == 204


async def test_a_device_is_told_disconnected_and_kept_out(
    platform: Platform, people: People
) -> None:
    ada = await people("ada")
    phone, tablet = [await log_in(platform, ada.name) for _ in range(2)]
    client = tablet.mqtt()
    await client.__aenter__()
    await client.subscribe(topics.inbox(tablet.uid), 1)
    await delete(phone, f"/v1/sessions/{tablet.device}")
    (told,) = [decode_down(payload) for payload in await last_words(client)]
    assert told == AccountChanged(uid=ada.uid, change="session_ended", device=tablet.device)
    with pytest.raises(MqttConnectError):
        await tablet.mqtt().__aenter__()
    async with phone.mqtt():
        pass


async def test_the_sdk_says_that_it_is_logged_out(platform: Platform, people: People) -> None:
    ada = await people("ada")
    phone = await log_in(platform, ada.name)
    devices = await ada.client.devices()
    assert [session.is_current for session in devices] == [False, True]
    await delete(phone, "/v1/sessions")
    with pytest.raises(LoggedOutError):
        await ada.next(Rejected)


async def test_a_stolen_refresh_token_ends_the_connection(
    platform: Platform, people: People
) -> None:
    ada = await people("ada")
    async with httpx.AsyncClient(base_url=platform.url) as http:
        body = {"name": ada.name, "password": "a long enough password"}
        first = (await http.post("/v1/sessions", json=body)).raise_for_status().json()
        second = first
        for _ in range(2):
            given = {"refresh_token": second["refresh_token"]}
            second = (await http.post("/v1/sessions/refresh", json=given)).json()
        device = Device(platform, second["uid"], second["device"], second["access_token"])
        client = device.mqtt()
        await client.__aenter__()
        given = {"refresh_token": first["refresh_token"]}
        assert (await http.post("/v1/sessions/refresh", json=given)).status_code == 401
        await last_words(client)
