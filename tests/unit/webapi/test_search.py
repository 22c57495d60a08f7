"""Search over REST."""

from typing import Any
from urllib.parse import urlencode

import pytest

from parley_protocol import limits
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.model import Draft
from tests.unit.webapi.conftest import Api, Scene, User
from webapi.database import ledger


def say(scene: Scene, user: User, text: str, now: int, **fields: Any) -> str:
    given: dict[str, Any] = {"id": new_id(), "sent_at": 1, "text": text}
    message = Message(**given | fields)
    draft = Draft(user.uid, user.device, "group", scene.group, message)
    with scene.api.app.app_context():
        ledger().commit([draft], now)
    return message.id


def search(api: Api, user: User, q: str, **query: object) -> Any:
    return api.ok("GET", f"/v1/search?{urlencode({'q': q, **query})}", user=user)


def texts(answer: Any) -> list[str]:
    return [hit["message"]["text"] for hit in answer["items"]]


def test_a_hit(scene: Scene) -> None:
    message_id = say(scene, scene.admin, "Crème brûlée for all", 5)
    answer = search(scene.api, scene.member, '"creme brul"*')
    assert (answer["next"], answer["left_out"]) == (None, 0)
    (hit,) = answer["items"]
    assert hit["message"]["id"] == message_id
    assert hit["message"]["from"] == scene.admin.uid
    assert not hit["edited"]
    assert hit["snippet"] == {"text": "Crème brûlée for all", "start": 0, "highlights": [[0, 12]]}


def test_an_edited_message_reads_as_it_does_now(scene: Scene) -> None:
    message_id = say(scene, scene.member, "tea", 5)
    say(scene, scene.member, "coffee", 6, type="edit", target=message_id)
    (hit,) = search(scene.api, scene.owner, "coffee")["items"]
    assert (hit["message"]["id"], hit["message"]["text"], hit["edited"]) == (
        message_id,
        "coffee",
        True,
    )
    assert search(scene.api, scene.owner, "tea")["items"] == []


def test_who_is_not_in_the_conversation_finds_nothing(scene: Scene) -> None:
    say(scene, scene.owner, "secret", 5)
    for user in (scene.former, scene.stranger):
        assert search(scene.api, user, "secret")["items"] == []


def test_filters(scene: Scene) -> None:
    for second, user in enumerate([scene.owner, scene.admin, scene.owner], 1):
        say(scene, user, f"tea {second}", second * 1000)
    api, user = scene.api, scene.member
    assert texts(search(api, user, "tea")) == ["tea 3", "tea 2", "tea 1"]
    assert texts(search(api, user, "tea", **{"from": scene.owner.uid})) == ["tea 3", "tea 1"]
    assert texts(search(api, user, "tea", cid=scene.group, limit=1)) == ["tea 3"]
    assert texts(search(api, user, "tea", after="1970-01-01T00:00:02Z")) == ["tea 3", "tea 2"]
    assert texts(search(api, user, "tea", before="1970-01-01T01:00:02+01:00")) == ["tea 1"]


def test_pages(scene: Scene) -> None:
    for number in range(5):
        say(scene, scene.owner, f"tea {number}", 5)
    seen, cursor = [], ""
    while cursor is not None:
        answer = search(scene.api, scene.member, "tea", cursor=cursor, limit=2)
        seen.append(texts(answer))
        cursor = answer["next"]
    assert seen == [["tea 4", "tea 3"], ["tea 2", "tea 1"], ["tea 0"]]


def test_of_a_long_text_the_piece_that_was_found_comes(scene: Scene) -> None:
    say(scene, scene.owner, "ü" * limits.PARTIAL_OVER + " needle", 5)
    (hit,) = search(scene.api, scene.member, "needle")["items"]
    assert hit["message"]["partial"]
    assert len(hit["message"]["text"]) == limits.PARTIAL_CHARACTERS
    (start, end) = hit["snippet"]["highlights"][0]
    assert hit["snippet"]["text"][start:end] == "needle"


@pytest.mark.parametrize(
    ("query", "where", "code"),
    [
        ({}, "$", "invalid"),
        ({"q": ""}, "$.q", "bad_query"),
        ({"q": "?!"}, "$.q", "bad_query"),
        ({"q": "x" * 257}, "$.q", "invalid"),
        ({"q": " ".join(map(str, range(17)))}, "$.q", "bad_query"),
        ({"q": "x", "limit": "51"}, "$.limit", "invalid"),
        ({"q": "x", "cursor": "1-2-3"}, "$.cursor", "invalid"),
        ({"q": "x", "after": "yesterday"}, "$.after", "invalid"),
        ({"q": "x", "before": "2026-01-01T00:00:00"}, "$.before", "invalid"),
        ({"q": "x", "cid": "x"}, "$.cid", "invalid"),
        ({"q": "x", "from": "x"}, "$.from", "invalid"),
    ],
)
def test_what_cannot_be_looked_for(
    scene: Scene, query: dict[str, str], where: str, code: str
) -> None:
    response = scene.api.call("GET", f"/v1/search?{urlencode(query)}", user=scene.owner)
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["where"]) == (422, code, where)
