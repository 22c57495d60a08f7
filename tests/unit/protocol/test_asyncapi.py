"""The published document is the code's."""

import re
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from msgspec import json

import parley_protocol
from parley_protocol import topics
from parley_protocol.asyncapi import document
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, Message, Rejected, encode

FILE = Path(parley_protocol.__file__).parents[1] / "asyncapi.yaml"


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


def resolve(reference: str) -> Any:
    node: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def address(channel: str, **values: str) -> str:
    pattern: str = document()["channels"][channel]["address"]
    return pattern.format(**values)


def test_the_committed_file_is_what_the_code_says() -> None:
    assert yaml.safe_load(FILE.read_text()) == json.decode(json.encode(document()))


def test_every_reference_leads_somewhere() -> None:
    for reference in references(document()):
        assert resolve(reference) is not None


def test_addresses_are_the_topics_of_the_code() -> None:
    uid, device, target = (new_id() for _ in range(3))
    for kind in ("message", "receipt", "typing"):
        topic = address(f"send{kind.title()}", uid=uid, device=device, scope="dm", target=target)
        assert topics.parse_send(topic) == topics.Send(uid, device, "dm", target, kind)
    assert address("inbox", uid=uid) == topics.inbox(uid)
    assert address("live", uid=uid) == topics.live(uid)


def test_parameters_are_those_of_the_address() -> None:
    for channel in document()["channels"].values():
        named = set(re.findall(r"{(\w+)}", channel["address"]))
        assert named == set(channel["parameters"])


def test_operations_have_the_contracts_quality() -> None:
    for operation in document()["operations"].values():
        channel = resolve(operation["channel"]["$ref"])
        assert operation["bindings"]["mqtt"]["qos"] == topics.quality(channel["address"])


def test_payloads_match_their_schemas() -> None:
    entry = Entry(cid=new_id(), seq=1, id=new_id(), sender=new_id(), stored_at=1, sent_at=1)
    rejected = Rejected(id="", code="malformed", detail="no", device=new_id())
    for value in (Message(id=new_id(), sent_at=1, text="hello"), entry, rejected):
        schema = {"$ref": f"#/components/schemas/{type(value).__name__}", **document()}
        Draft202012Validator(schema).validate(json.decode(encode(value)))
