"""One shape for times, and one for pages, over all of the API."""

from typing import Any

import pytest

from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.model import Draft
from tests.unit.webapi.conftest import Scene
from webapi import describe
from webapi.database import ledger

DOCUMENT = describe()
SCHEMAS = DOCUMENT["components"]["schemas"]
WIRE = {"Entry", "Forwarded"}
"""What is the same in a device's inbox, where times are milliseconds."""
WHOLE = {"/v1/conversations/{cid}/links"}
"""Lists that are so short by their nature that they have one page."""


def lists() -> dict[str, dict[str, Any]]:
    """Give every route that answers with ``items``, and its operation."""
    found = {}
    for path, operations in DOCUMENT["paths"].items():
        answer = operations.get("get", {}).get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if "items" in SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], {}).get(
            "properties", {}
        ):
            found[path] = operations["get"]
    return found


def variants(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_times_are_rfc_3339_but_on_the_wire(name: str) -> None:
    properties = SCHEMAS[name].get("properties", {})
    times = {key: value for key, value in properties.items() if key.endswith(("_at", "_until"))}
    for key, value in times.items():
        (kind,) = variants(value)
        if name in WIRE:
            assert kind["type"] == "integer", key
            assert "Milliseconds" in kind["description"], key
        else:
            assert kind.get("format") == "date-time", key


@pytest.mark.parametrize(("path", "operation"), lists().items())
def test_lists_are_pages(path: str, operation: dict[str, Any]) -> None:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    properties = SCHEMAS[schema["$ref"].rpartition("/")[2]]["properties"]
    assert properties["next"]["default"] is None
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    is_history = {"after", "before", "limit"} <= parameters
    assert path in WHOLE or is_history or {"cursor", "limit"} <= parameters


@pytest.fixture
def crowded(scene: Scene) -> Scene:
    """The scene with a few of everything that is listed."""
    api, owner = scene.api, scene.owner
    for number in range(3):
        cid = api.ok("POST", "/v1/conversations/group", {"name": str(number)}, user=owner)["cid"]
        message = Message(id=new_id(), sent_at=1, text="tea")
        with api.app.app_context():
            ledger().commit([Draft(owner.uid, owner.device, "group", cid, message)], number)
        api.ok("POST", "/v1/sessions", {"name": "owner", "password": "correct horse"})
    for user in (scene.admin, scene.member, scene.former):
        api.ok("PUT", f"/v1/contacts/{user.uid}", user=owner)
        api.ok("PUT", f"/v1/blocks/{user.uid}", user=owner)
    return scene


@pytest.mark.parametrize("path", sorted(lists().keys() - WHOLE))
def test_pages_of_one_are_the_whole(crowded: Scene, path: str) -> None:
    where = path.replace("{cid}", crowded.group)
    parameter = "before" if "messages" in path else "cursor"
    fixed = "q=tea&" if "search" in path else ""

    def ask(limit: int, cursor: object) -> Any:
        given = f"&{parameter}={cursor}" if cursor else ""
        return crowded.api.ok("GET", f"{where}?{fixed}limit={limit}{given}", user=crowded.owner)

    whole = ask(50, None)
    items, cursor = [], None
    while True:
        page = ask(1, cursor)
        items.extend(page["items"])
        cursor = page["next"]
        if cursor is None:
            break
    assert whole["next"] is None
    assert len(whole["items"]) >= 3
    assert (items[::-1] if parameter == "before" else items) == whole["items"]
