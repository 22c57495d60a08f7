"""Real group chat, played by everybody at once: history equals what was said."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from parley.replay.command import load_plan
from parley.replay.plan import Plan
from parley.replay.run import Replay
from parley_client.store import Store
from tests.integration.platform.devices import Device
from tests.logs import GARDEN, ubuntu
from tests.platform import Platform

_LINES = 120
_TEN_MINUTES = 600


def no_progress(_stage: str, _done: int, _total: int) -> None:
    pass


def beginning(found: Plan, lines: int) -> Plan:
    """Cut a plan down to those who speak in the first lines of the log."""
    for group in found.groups:
        group.steps = [step for step in group.steps if step.line < lines]
        speaking = {line.nick for line in group.lines}
        group.members = [nick for nick in group.members if nick in speaking]
        group.steps = [step for step in group.steps if step.nick in speaking]
    groups = [group for group in found.groups if group.members]
    return Plan([nick for group in groups for nick in group.members], groups, [])


async def delete_session(platform: Platform, file: Path) -> None:
    """Connect as the device would, asking for a clean session (MQTT 3.1.1, section 3.1.2.4)."""
    store = Store(file)
    held = store.credentials()
    store.close()
    assert held is not None
    async with Device(platform, held.uid, held.device, held.access_token).mqtt():
        pass


def test_the_command_prints_one_line_of_json(platform: Platform) -> None:
    command = [sys.executable, "-m", "parley", "replay", GARDEN, "--server", platform.url]
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert result.pop("seconds") > 0
    lines = len(load_plan(GARDEN).groups[0].lines)
    assert result == {
        "people": 11,
        "groups": 1,
        "sent": lines,
        "stored": lines,
        "delivered": 8 * lines,
        "mismatches": 0,
    }


async def test_on_stock_amqtt(tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    found, settings = load_plan(GARDEN), "[broker]\nengine = 'amqtt'\n"
    with Platform(tmp_path, settings) as platform:
        async with Replay(found, platform.url, tmp_path / "devices", no_progress) as replay:
            result = await replay.run()
    assert (result.stored, result.mismatches) == (len(found.groups[0].lines), 0)


@pytest.mark.timeout(_TEN_MINUTES)
async def test_the_beginning_of_real_logs(platform: Platform, tmp_path: Path) -> None:
    for number, file in enumerate([GARDEN, *ubuntu()]):
        (tmp_path / str(number)).mkdir()
        found = beginning(load_plan(file), _LINES)
        async with Replay(found, platform.url, tmp_path / str(number), no_progress) as replay:
            result = await replay.run()
        lines = sum(len(group.lines) for group in found.groups)
        members = sum(len(group.lines) * len(group.members) for group in found.groups)
        assert (result.stored, result.delivered, result.mismatches) == (lines, members, 0), file


@pytest.mark.parametrize("is_session_kept", [True, False], ids=["session kept", "session deleted"])
async def test_a_member_offline_for_half_of_it(
    platform: Platform, tmp_path: Path, *, is_session_kept: bool
) -> None:
    """Kept, the broker has it all; deleted, sync alone has to find it."""
    found = load_plan(GARDEN)
    last_word = max(step.line for step in found.groups[0].steps if step.nick == "yuki")
    async with Replay(found, platform.url, tmp_path, no_progress) as replay:
        yuki = replay.people["yuki"]
        await replay.talk(to_line=last_word + 1)
        await yuki.switch_off()
        if not is_session_kept:
            await delete_session(platform, tmp_path / f"{yuki.account}.db")
        await replay.talk(from_line=last_word + 1)
        held = len(yuki.received)
        assert held < 1 + len(found.groups[0].lines)
        await yuki.switch_on()
        await asyncio.wait_for(replay.arrive(), 60)
        result = await replay.compare(0)
    assert result.mismatches == 0
    assert result.delivered == 8 * len(found.groups[0].lines)
