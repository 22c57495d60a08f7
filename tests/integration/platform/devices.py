"""Devices with other people's software: no SDK, just a token and an MQTT client."""

from dataclasses import dataclass

import aiomqtt
import httpx

from parley_protocol import topics
from parley_protocol.ids import client_id
from parley_protocol.topics import Scope
from tests.integration.platform.people import PASSWORD
from tests.platform import Platform


@dataclass
class Device:
    """A device of somebody, and its access token."""

    platform: Platform
    uid: str
    device: str
    token: str

    def mqtt(self, *, clean: bool = True, identifier: str | None = None) -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self.platform.mqtt,
            identifier=identifier or client_id(self.uid, self.device),
            username=self.uid,
            password=self.token,
            clean_session=clean,
        )

    def send_topic(self, scope: Scope, target: str) -> str:
        return str(topics.Send(self.uid, self.device, scope, target, "message"))

    async def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.platform.url, headers=headers) as http:
            return await http.get(path)


async def log_in(platform: Platform, name: str) -> Device:
    """Begin a session on a new device."""
    body = {"name": name, "password": PASSWORD}
    async with httpx.AsyncClient(base_url=platform.url) as http:
        answer = (await http.post("/v1/sessions", json=body)).raise_for_status().json()
    return Device(platform, answer["uid"], answer["device"], answer["access_token"])
