"""Pages across the seam over HTTP: one history, and 503 where the archive is away."""

from collections.abc import Iterator

import pytest

from parley_protocol import limits
from storage.archive import Archive, NoArchive
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.ledger import Ledger
from storage.sql import SqlStore
from tests.unit.storage.conftest import draft_group, index
from tests.unit.webapi.conftest import Scene
from webapi.database import db, ledger

COUNT = limits.PAGE_MAX + 40


@pytest.fixture
def archived(scene: Scene) -> Iterator[Scene]:
    """A group whose beginning is in an archive that can go away."""
    with scene.api.app.app_context():
        talk = [draft_group(scene.owner.uid, scene.group, str(n)) for n in range(COUNT)]
        ledger().commit(talk, 10)
        index(ledger())
        store, archive = SqlStore(db.engine), MemoryArchive()
        assert Mover(store, archive, rest=lambda _: None).move(1 << 62).rows > 0
        use(scene, archive)
        yield scene


def use(scene: Scene, archive: Archive) -> None:
    scene.api.app.extensions["parley_ledger"] = Ledger(SqlStore(db.engine), archive)


def pages(scene: Scene) -> list[int]:
    """Read all of the group, the newest page first."""
    seqs: list[int] = []
    where = ""
    while True:
        path = f"/v1/conversations/{scene.group}/messages?limit=50{where}"
        page = scene.api.ok("GET", path, user=scene.member)
        seqs = [item["seq"] for item in page["items"]] + seqs
        if page.get("next") is None:
            return seqs
        where = f"&before={page['next']}"


def test_pages_go_on_behind_the_seam(archived: Scene) -> None:
    head = archived.api.ok("GET", f"/v1/conversations/{archived.group}", user=archived.owner)
    assert pages(archived) == list(range(1, head["head"] + 1))


def test_without_the_archive_the_newest_page_is_there_and_an_old_one_is_unavailable(
    archived: Scene,
) -> None:
    new = [draft_group(archived.owner.uid, archived.group, "1 of two") for _ in range(2)]
    ledger().commit_old(new, 1 << 45)
    use(archived, NoArchive())
    messages = f"/v1/conversations/{archived.group}/messages"
    newest = archived.api.ok("GET", messages, user=archived.member)
    assert len(newest["items"]) == 50
    assert archived.api.ok("POST", "/v1/sync", {"cursors": {}}, user=archived.member)
    assert archived.api.ok("GET", "/v1/search?q=1&limit=1", user=archived.member)["items"]
    old = (f"{messages}?after=0", f"{messages}/1", f"{messages}?before=30", "/v1/search?q=1")
    for path in old:
        response = archived.api.call("GET", path, user=archived.member)
        assert response.status_code == 503
        assert response.mimetype == "application/problem+json"
        assert int(response.headers["Retry-After"]) > 0
        assert response.get_json()["code"] == "unavailable"
