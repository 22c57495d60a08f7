"""What a request costs the database is bounded, however much there is."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.model import Draft
from tests.statements import counted
from tests.unit.storage.conftest import add_people
from tests.unit.webapi.conftest import Scene, opened, settings_in
from tests.unit.webapi.routes import OPEN_ROUTES, ROUTES, Route, filled
from webapi.database import db, ledger

FEW, MANY = 3, 30


@dataclass
class Sizes:
    """The scene with few and with many of everything, each in a folder to be copied."""

    folders: dict[int, Path]
    scene: Scene


@pytest.fixture(scope="module")
def sizes(set_folder: tuple[Path, Scene], tmp_path_factory: pytest.TempPathFactory) -> Sizes:
    folder, scene = set_folder
    folders = {}
    for size in (FEW, MANY):
        folders[size] = tmp_path_factory.mktemp("sizes") / "data"
        shutil.copytree(folder, folders[size])
        with opened(settings_in(folders[size])) as api, api.app.app_context():
            fill(replace(scene, api=api), size)
    return Sizes(folders, scene)


def fill(scene: Scene, size: int) -> None:
    """Add people, who all join the group and talk there, and as many groups of the owner's."""
    people, owner = add_people(db.engine, size), scene.owner.uid
    ledger().add_members(owner, scene.group, people, 2)
    cids = [ledger().create_group(owner, "G", people, 2).cid for _ in range(size)]
    ledger().commit([draft(uid, scene.group) for uid in people], 3)
    ledger().commit([draft(owner, cid) for cid in cids], 4)
    while portions := ledger().unindexed():
        for portion in portions:
            ledger().index(portion)


def draft(uid: str, cid: str) -> Draft:
    return Draft(uid, new_id(), "group", cid, Message(id=new_id(), sent_at=1, text="tea"))


def cost(folder: Path, scene: Scene, route: Route) -> list[str]:
    with opened(settings_in(folder)) as api:
        with api.app.app_context():
            engine = db.engine
        path, body = filled(route.path, scene), filled(route.body, scene)
        with counted(engine) as seen:
            api.call(route.method, path, body, user=scene.owner).close()
    return seen


@pytest.mark.parametrize(
    "route", ROUTES + OPEN_ROUTES, ids=lambda route: f"{route.method} {route.path}"
)
def test_statements(sizes: Sizes, route: Route, tmp_path: Path) -> None:
    seen = {}
    for size, folder in sizes.folders.items():
        shutil.copytree(folder, tmp_path / str(size))
        seen[size] = cost(tmp_path / str(size), sizes.scene, route)
    growth = route.more_per_group * (MANY - FEW)
    assert len(seen[FEW]) <= route.statements + route.more_per_group * FEW, seen[FEW]
    assert len(seen[MANY]) - len(seen[FEW]) == growth, seen
