"""What a running broker says it is doing, to Prometheus and to ``parley broker status``."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from aiomqtt.exceptions import MqttConnectError
from prometheus_client.parser import text_string_to_metric_families

from broker.core.figures import Figures
from broker.metrics import listen
from parley_protocol import topics
from tests.integration.broker.conftest import Device, take
from tests.integration.broker.test_durable import Process, process, publish
from tests.platform import free_ports, wait
from tests.unit.broker.core.peers import new_core

__all__ = ["process"]

_GET = b"GET /metrics HTTP/1.1\r\nHost: parley\r\n\r\n"


def status(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley", "broker", "status", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def scrape(port: int) -> dict[str, float]:
    """Give the figures by name, those by reason with it."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        ".".join((sample.name.removeprefix("parley_broker_"), *sample.labels.values())): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def traffic(process: Process) -> None:
    """Send ten messages to who is there, and five to who is away; refuse a stranger."""
    ada, bob = process.device(), process.device()
    async with process.client(bob) as client:
        await client.subscribe(topics.inbox(bob.uid), 1)
    await publish(process, topics.inbox(bob.uid), *[b"later"] * 5)
    async with process.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
        await publish(process, topics.inbox(ada.uid), *[b"hello"] * 10)
        await take(client, 10)
    with pytest.raises(MqttConnectError):
        async with process.client(Device()):
            pass


async def test_figures_of_real_traffic(process: Process) -> None:
    await traffic(process)
    wait(lambda: scrape(process.metrics)["messages_queued"] == 5)
    found = scrape(process.metrics)
    expected = {
        "connections": 0,
        "sessions": 4,
        "subscriptions": 2,
        "connects_total": 4,
        "connections_refused_total.not_authorized": 1,
        "messages_received_total": 15,
        "messages_sent_total": 10,
        "messages_queued": 5,
        "messages_queued_bytes": 25,
        "messages_inflight": 0,
        "journal_segments": 1,
        "journal_failures_total": 0,
    }
    assert {name: found[name] for name in expected} == expected
    for name in ("bytes_received_total", "bytes_sent_total", "packets_received_total"):
        assert found[name] > 15
    written = (process.folder / "broker" / "000000000001.log").stat().st_size
    assert found["journal_bytes"] == found["journal_written_bytes_total"] == written
    assert 0 < found["journal_live_bytes"] < written
    assert found["journal_fsyncs_total"] >= 1
    assert found["journal_fsync_seconds_total"] > 0


async def test_the_status_of_a_running_broker(process: Process) -> None:
    await traffic(process)
    wait(lambda: scrape(process.metrics)["messages_queued"] == 5)
    done = await asyncio.to_thread(status, "--config", process.file)
    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["clients"] == "0 connected, 4 sessions"
    assert rows["received"].startswith("15 messages, 0/s; ")
    assert rows["queued"] == "5 messages, 25 bytes"
    assert rows["refused"] == "1 not authorized"
    assert rows["dropped"] == "none"


async def test_the_status_for_programs(process: Process) -> None:
    await traffic(process)
    done = await asyncio.to_thread(status, "--metrics", process.metrics, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["messages_received_total"] == 15
    assert found["connections_refused_total"] == {"not_authorized": 1}
    assert found["messages_dropped_total"] == {}


def test_no_broker_is_there() -> None:
    (port,) = free_ports(1)
    done = status("--metrics", port)
    line = f"parley: no broker shows its figures at 127.0.0.1:{port}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_figures_that_are_switched_off(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text("[broker]\nmetrics_port = 0\n")
    done = status("--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "parley: broker.metrics_port is 0: the broker shows no figures\n"


class _Stranger(BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(
    params=[
        b"<html>",
        b"up 1\n",
        b'process_x 1\nnode_cpu{cpu="0"} NaN\n',
        b"\xff\xfe {",
        b'parley_broker_x{a="',
    ]
)
def stranger(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run a server that is something else; give its port."""
    handler = type("Handler", (_Stranger,), {"body": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_something_else_is_there(stranger: int) -> None:
    done = status("--metrics", stranger)
    line = f"parley: what answers at 127.0.0.1:{stranger} is not Parley's broker\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


@pytest.fixture
async def listener() -> AsyncIterator[int]:
    """Show the figures of a core that does nothing; give the port."""
    (port,) = free_ports(1)
    server = await listen("127.0.0.1", port, Figures(new_core()))
    yield port
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/metrics", 200),
        ("GET", "/metrics?x=1", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/", 404),
        ("HEAD", "/nothing", 404),
        ("POST", "/metrics", 405),
    ],
)
async def test_requests(listener: int, method: str, path: str, status: int) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, f"http://127.0.0.1:{listener}{path}")
    assert answer.status_code == status
    if status != 200 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


async def ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "data", [b"\x10\x0c\0\4MQTT\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 17_000]
)
async def test_what_is_no_request(listener: int, data: bytes) -> None:
    assert (await ask(listener, data)).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_who_says_nothing_is_let_go(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.metrics.listener._SECONDS", 0.05)
    assert await asyncio.wait_for(ask(listener, b"GET /metrics HTTP/1.1\r\n"), 10) == b""


async def test_a_crowd_is_kept_out(listener: int) -> None:
    crowd = [await asyncio.open_connection("127.0.0.1", listener) for _ in range(16)]
    assert await ask(listener, b"") == b""
    for reader, writer in crowd:
        writer.write(_GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
    assert await ask(listener, _GET)
