"""Mail goes from a request to the outbox, and its code comes back."""

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from parley_protocol.ids import new_id
from tests.integration.platform.people import PASSWORD, People
from tests.platform import Platform, wait


def mails(platform: Platform, to: str) -> list[Path]:
    files = (platform.data / "mail").glob("*.eml")
    read = {file: message_from_bytes(file.read_bytes(), policy=default) for file in files}
    return [file for file, mail in sorted(read.items()) if mail["To"] == to]


async def code_to(platform: Platform, to: str, count: int) -> str:
    wait(lambda: len(mails(platform, to)) >= count, platform.log)
    found = re.search("([0-9A-Z]{5}-){3}[0-9A-Z]{5}", mails(platform, to)[-1].read_text())
    assert found
    return found[0]


async def test_an_address_and_a_forgotten_password(platform: Platform, people: People) -> None:
    ada, address = await people("ada"), f"ada-{new_id()}@example.org"
    await ada.client.change_email(address, PASSWORD)
    code = await code_to(platform, address, 1)
    assert (await ada.client.confirm_email(code)).email == address
    await ada.client.ask_for_reset(address)
    code = await code_to(platform, address, 2)
    await ada.client.reset_password(code, "another long password")
    await ada.client.login(address, "another long password")
    assert code not in platform.log()
