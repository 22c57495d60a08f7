"""MQTT.js, in both versions, over TCP and WebSocket; the programs are in ``tests/clients-js``."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from broker.native import NativeEngine
from parley_protocol import topics
from tests.integration.broker.conftest import Device, options
from tests.integration.clients.conftest import HOST, Place
from tests.platform import free_ports

_SCENES = ["qualities", "retained", "will", "resumed"]
_SCENES_OF_5 = ["questionAndAnswer", "aliases", "shared"]


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("scheme", ["mqtt", "ws"])
def test_a_conversation(anonymous: Place, javascript: Path, scheme: str, version: int) -> None:
    port = anonymous.port if scheme == "mqtt" else anonymous.ws_port
    command = ["node", "conversation.js", f"{scheme}://{HOST}:{port}", str(version)]
    done = subprocess.run(
        command, cwd=javascript, stdout=-1, stderr=-1, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == _SCENES + (_SCENES_OF_5 if version == 5 else [])


@pytest.mark.parametrize("scheme", ["mqtt", "ws"])
async def test_a_token_is_renewed_on_the_way(javascript: Path, scheme: str) -> None:
    """By AUTH, without a new connection; a token of somebody else ends it."""
    port, ws_port = free_ports(2)
    engine = NativeEngine(options(port, ws_port))
    await engine.start()
    ada, shown = Device(), f"{scheme}://{HOST}:{port if scheme == 'mqtt' else ws_port}"
    tokens = [ada.token, ada.token, ada.token, Device().token]
    node = await asyncio.create_subprocess_exec(
        *["node", "renewal.js", shown, ada.client_id, ada.uid, topics.inbox(ada.uid)],
        cwd=javascript,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(node.communicate(json.dumps(tokens).encode()), 60)
    assert node.returncode == 0, said.decode()
    await engine.stop()
