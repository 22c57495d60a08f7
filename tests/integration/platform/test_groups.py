"""Who is in a group receives what is said in it, and nobody else."""

import pytest
from aiomqtt.exceptions import MqttConnectError

from parley_client import RejectedError
from parley_protocol import topics
from parley_protocol.ids import client_id, new_id
from parley_protocol.payloads import ConversationChanged, Entry, Message, encode
from tests.integration.platform.devices import Device, log_in
from tests.integration.platform.people import People
from tests.platform import Platform

REFUSED = 0x80


def message(text: str) -> bytes:
    return encode(Message(id=new_id(), sent_at=1, text=text))


async def test_a_removed_member_receives_nothing_more(people: People) -> None:
    ada, bob, carl = await people("ada"), await people("bob"), await people("carl")
    cid = await ada.client.group("Tea", [bob.uid, carl.uid])
    await bob.say(cid, "before")
    assert await bob.texts(1) == ["before"]
    await ada.client.remove(cid, bob.uid)
    await ada.say(cid, "after")
    assert await carl.texts(2) == ["before", "after"]
    # Sent after it to the same inbox, this comes alone.
    between = await ada.client.dm(bob.name)
    await ada.say(between, "just us")
    left = await bob.next(ConversationChanged)
    assert (left.cid, left.change) == (cid, "left")
    entry = await bob.next(Entry)
    assert (entry.cid, entry.text) == (between, "just us")
    with pytest.raises(RejectedError) as caught:
        await bob.say(cid, "still here?")
    assert caught.value.rejected.code == "not_member"


async def test_a_removed_member_who_was_offline_finds_nothing_more(
    platform: Platform, people: People
) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.group("Tea", [bob.uid])
    await ada.client.remove(cid, bob.uid)
    await ada.say(cid, "after")
    device = await log_in(platform, bob.name)
    answer = await device.get(f"/v1/conversations/{cid}/messages")
    assert answer.status_code == 404
    listed = (await device.get("/v1/conversations")).json()["items"]
    assert cid not in [conversation["cid"] for conversation in listed]


async def test_who_joins_later_sees_what_was_said_before(people: People) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.group("Tea", [])
    await ada.say(cid, "alone")
    await ada.client.add(cid, [bob.uid])
    await ada.say(cid, "together")
    joined = await bob.next(ConversationChanged)
    assert (joined.cid, joined.change) == (cid, "joined")
    assert await bob.texts(2) == ["alone", "together"]


@pytest.fixture
async def stranger(platform: Platform, people: People) -> Device:
    return await log_in(platform, (await people("eve")).name)


async def test_a_stranger_cannot_listen(people: People, stranger: Device) -> None:
    ada, bob = await people("ada"), await people("bob")
    foreign = [
        topics.inbox(ada.uid),
        topics.live(ada.uid),
        topics.inbox("+"),
        topics.SENT_MESSAGES,
        topics.send_prefix(ada.uid, new_id()) + "#",
        "#",
    ]
    async with stranger.mqtt() as mqtt:
        granted = await mqtt.subscribe([(topic, 1) for topic in foreign])
        assert [getattr(code, "value", code) for code in granted] == [REFUSED] * len(foreign)
        await mqtt.subscribe(topics.inbox(stranger.uid), 1)
        await ada.say(await ada.client.dm(bob.name), "between us")
        between = await ada.client.dm(await name(stranger))
        await ada.say(between, "for you")
        async for received in mqtt.messages:
            assert isinstance(received.payload, bytes)
            assert str(received.topic) == topics.inbox(stranger.uid)
            assert b"between us" not in received.payload
            if b"for you" in received.payload:
                break


async def name(device: Device) -> str:
    return str((await device.get("/v1/me")).json()["name"])


async def test_a_stranger_cannot_speak_for_another(people: People, stranger: Device) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    foreign = [
        str(topics.Send(ada.uid, stranger.device, "dm", bob.uid, "message")),
        str(topics.Send(ada.uid, new_id(), "dm", bob.uid, "message")),
        topics.inbox(bob.uid),
    ]
    async with stranger.mqtt() as mqtt:
        for topic in foreign:
            await mqtt.publish(topic, message("forged"), 1)
        await mqtt.publish(stranger.send_topic("dm", bob.uid), message("it is me, Eve"), 1)
    honest = await bob.next(Entry)
    assert (honest.text, honest.sender) == ("it is me, Eve", stranger.uid)
    await ada.say(cid, "it is me, Ada")
    assert await bob.texts(1) == ["it is me, Ada"]
    assert [entry.text for entry in await ada.client.history(cid)] == ["it is me, Ada"]


async def test_a_stranger_cannot_speak_in_a_group(people: People, stranger: Device) -> None:
    ada = await people("ada")
    cid = await ada.client.group("Tea", [])
    async with stranger.mqtt() as mqtt:
        await mqtt.subscribe(topics.inbox(stranger.uid), 1)
        await mqtt.publish(stranger.send_topic("group", cid), message("let me in"), 1)
        answer = await anext(aiter(mqtt.messages))
        assert isinstance(answer.payload, bytes)
        assert b'"rejected"' in answer.payload
    assert [entry.type for entry in await ada.client.history(cid)] == ["system"]


async def test_a_stranger_cannot_take_a_client_id_over(people: People, stranger: Device) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    await ada.say(cid, "hello")
    phone = (await ada.client.history(cid))[0].device or ""
    with pytest.raises(MqttConnectError):
        async with stranger.mqtt(identifier=client_id(ada.uid, phone)):
            pass
    await ada.say(cid, "not disturbed")
    assert await bob.texts(2) == ["hello", "not disturbed"]


async def test_two_devices_of_one_person_see_the_same(platform: Platform, people: People) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    tablet = await log_in(platform, ada.name)
    async with tablet.mqtt() as mqtt:
        await mqtt.subscribe(topics.inbox(ada.uid), 1)
        await ada.say(cid, "from the phone")
        await mqtt.publish(tablet.send_topic("dm", bob.uid), message("from the tablet"), 1)
        assert await ada.texts(2) == ["from the phone", "from the tablet"]
        seen: list[bytes] = []
        async for received in mqtt.messages:
            assert isinstance(received.payload, bytes)
            seen.append(received.payload)
            if b"from the tablet" in received.payload:
                break
        assert b"from the phone" in seen[-2]
