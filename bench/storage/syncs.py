"""``POST /v1/sync`` of a device in 200 conversations, 5 of which have moved."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.storage.plan import STORES, Line, Plan, add_people, databases, percentile
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage import open_ledger
from storage.ledger import Ledger
from storage.model import Draft
from tests.platform import Platform

_CONVERSATIONS, _MOVED, _MEMBERS = 200, 5, 5
_ASKED = 100


def measure(plan: Plan) -> Iterator[Line]:
    """Give a line for each store: milliseconds in the ledger, and of the whole request."""
    with databases() as found:
        for store in STORES:
            with found.new(store) as url, TemporaryDirectory(prefix="parley-bench-") as folder:
                yield {"store": store} | _on(url, Path(folder), plan.rounds)


def _on(url: str, folder: Path, rounds: int) -> Line:
    with Platform(folder, f'[ledger]\nurl = "{url}"\n') as platform:
        account = {"name": "ada", "password": "a long password"}
        session = httpx.post(f"{platform.url}/v1/accounts", json=account).json()
        uid, ledger = session["uid"], open_ledger(url)
        cursors = _talk(ledger, uid, add_people(url, _MEMBERS - 1))
        token = {"Authorization": f"Bearer {session['access_token']}"}
        with httpx.Client(base_url=platform.url, headers=token) as client:

            def ask() -> int:
                answer = client.post("/v1/sync", json={"cursors": cursors})
                return len(answer.raise_for_status().json()["conversations"])

            def look_up() -> int:
                return len(ledger.sync(uid, cursors).conversations)

            runs = [(_times(look_up), _times(ask)) for _ in range(rounds)]
    return _figures("ledger", [r[0] for r in runs]) | _figures("http", [r[1] for r in runs])


def _talk(ledger: Ledger, uid: str, others: list[str]) -> dict[str, int]:
    """Make the conversations; give the cursors of one who lacks the last message of some."""
    cids = [ledger.create_group(uid, "", others, 1).cid for _ in range(_CONVERSATIONS)]
    ledger.commit([_draft(uid, cid) for cid in cids], 2)
    return {cid: 1 if n < _MOVED else 2 for n, cid in enumerate(cids)}


def _draft(uid: str, cid: str) -> Draft:
    return Draft(uid, new_id(), "group", cid, Message(id=new_id(), sent_at=1, text="x" * 200))


def _times(step: Callable[[], int]) -> list[float]:
    times = []
    for _ in range(_ASKED):
        begun = time.perf_counter()
        moved = step()
        times.append(1000 * (time.perf_counter() - begun))
        if moved != _MOVED:
            raise SystemExit(f"{moved} conversations have moved")
    return times


def _figures(name: str, runs: list[list[float]]) -> Line:
    return {
        f"{name}_p50_ms": round(statistics.median(map(statistics.median, runs)), 2),
        f"{name}_p99_ms": round(statistics.median(percentile(run, 99) for run in runs), 2),
    }
