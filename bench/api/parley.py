"""Parley with somebody in 200 conversations, one of which has a history."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.api.load import Request
from bench.storage.plan import add_people
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage import open_ledger
from storage.model import Draft
from tests.platform import Platform

CONVERSATIONS, _MEMBERS, _MOVED = 200, 5, 5
_NAME = {"name": "ada", "password": "a long password"}


@contextmanager
def running(texts: list[str]) -> Iterator[dict[str, Request]]:
    """Run the platform, and give the requests to measure, by name."""
    with TemporaryDirectory(prefix="parley-bench-") as folder, Platform(Path(folder)) as platform:
        session = httpx.post(f"{platform.url}/v1/accounts", json=_NAME).json()
        token, uid = session["access_token"], session["uid"]
        url = f"sqlite:///{platform.data / 'parley.db'}"
        cids = _fill(url, uid, texts)
        cursors = {cid: 1 if n < _MOVED else 2 for n, cid in enumerate(cids[1:])}
        question = json.dumps({"cursors": cursors | {cids[0]: 1 + len(texts)}}).encode()
        one = f"{platform.url}/v1/conversations/{cids[0]}"
        yield {
            "history": Request(f"{one}/messages?limit=50", token),
            "list": Request(f"{platform.url}/v1/conversations?limit=50", token),
            "sync": Request(f"{platform.url}/v1/sync", token, "POST", question),
        }


def _fill(url: str, uid: str, texts: list[str]) -> list[str]:
    ledger, others = open_ledger(url), add_people(url, _MEMBERS - 1)
    cids = [ledger.create_group(uid, "", others, 1).cid for _ in range(CONVERSATIONS)]
    ledger.commit([_draft(uid, cids[0], text) for text in texts], 2)
    ledger.commit([_draft(uid, cid, texts[0]) for cid in cids[1:]], 3)
    return cids


def _draft(uid: str, cid: str, text: str) -> Draft:
    return Draft(uid, new_id(), "group", cid, Message(id=new_id(), sent_at=1, text=text))
