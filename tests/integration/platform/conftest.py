"""One running platform for all tests of this folder, and people who talk on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from parley_client import Client, Connected
from parley_protocol.ids import new_id
from tests.integration.platform.people import PASSWORD, People, Person
from tests.platform import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def people(platform: Platform, tmp_path: Path) -> AsyncIterator[People]:
    """Make people: each signs up, is connected, and leaves at the end."""
    async with AsyncExitStack() as stack:

        async def make(name: str) -> Person:
            account = f"{name}-{new_id()[-12:]}"
            client = Client(platform.url, store=tmp_path / f"{account}.db")
            await stack.enter_async_context(client)
            await client.sign_up(account, PASSWORD, name)
            person = Person(client, account)
            await person.next(Connected)
            return person

        yield make
