"""Texts of every script up to the limit arrive whole; what is refused blocks nothing behind it."""

import unicodedata

import pytest

from parley_protocol import limits
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message, Rejected, encode
from tests.integration.platform.devices import log_in
from tests.integration.platform.people import People, Person
from tests.platform import Platform

_SCRIPTS = {
    "latin": "The quick brown fox. ",
    "emoji": "👩🏽‍🚀🏳️‍🌈🧑‍🧑‍🧒👍🏿",
    "right to left": "שלום, مرحبا بالعالم ",
    "combining": "Z\u0351\u036b\u0343a\u0335\u031bl\u0334g\u0336o\u0337 ",
    "han": "天地玄黃宇宙洪荒",
    "devanagari": "नमस्ते दुनिया ",
    "controls": "\x01\x07\x1b[31m\u202e\ufeff\r\n\t",
    "last plane": "\U0010fffd\U000e0001",
}


def of_length(pattern: str, length: int) -> str:
    return (pattern * (length // len(pattern) + 1))[:length]


@pytest.mark.parametrize("script", _SCRIPTS)
async def test_the_longest_text_of_any_script(people: People, script: str) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    text = of_length(_SCRIPTS[script], limits.TEXT_MAX)
    seq = await ada.say(cid, text)
    for person in (ada, bob):
        assert await person.texts(1) == [text]
        assert (await person.client.message(cid, seq)).text == text


async def test_texts_are_kept_as_they_were_written(people: People) -> None:
    """No normalisation: both forms of é, and a ligature, stay what they were."""
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    texts = [unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"), "ﬁ", " ", "\n"]
    for text in texts:
        await ada.say(cid, text)
    assert await bob.texts(len(texts)) == texts


async def test_one_character_more_is_refused_by_the_sdk(people: People) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    with pytest.raises(ValueError, match="100,000"):
        await ada.client.send(cid, "x" * (limits.TEXT_MAX + 1))


async def publish(platform: Platform, ada: Person, bob: Person, payload: bytes) -> None:
    """Send as a client would that is not ours, from a device of its own."""
    device = await log_in(platform, ada.name)
    async with device.mqtt() as mqtt:
        await mqtt.publish(device.send_topic("dm", bob.uid), payload, 1)


def message(**fields: object) -> bytes:
    return encode(Message(**({"id": new_id(), "sent_at": 1, "text": "x"} | fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (message(text="x" * (limits.TEXT_MAX + 1)), "too_long"),
        (message(text="👍" * (limits.TEXT_MAX + 1)), "too_long"),
        (b"", "malformed"),
        (b"secret words, not JSON", "malformed"),
        (b"\xff\xfe secret", "malformed"),
        (b'{"id": "secret"}', "malformed"),
        (b"[" * 100_000, "malformed"),
        (message(text=""), "malformed"),
    ],
    ids=["long", "long emoji", "empty", "words", "not UTF-8", "no id", "deep", "no text"],
)
async def test_what_is_refused_blocks_nothing(
    platform: Platform, people: People, payload: bytes, code: str
) -> None:
    ada, bob = await people("ada"), await people("bob")
    cid = await ada.client.dm(bob.name)
    await publish(platform, ada, bob, payload)
    rejected = await ada.next(Rejected)
    assert rejected.code == code
    await ada.say(cid, "and on it goes")
    assert await bob.texts(1) == ["and on it goes"]
    assert "secret" not in platform.log()
