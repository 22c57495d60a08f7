"""What those see who run the server: figures, logs, traces."""

import logging
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from threading import Thread

import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from config import settings as configured
from config.settings import Settings
from tests.unit.webapi.conftest import PASSWORD, Api, Scene, opened
from webapi.database import ledger

ID = "req-1.of_test"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
_SECONDS = 30.0


def figures(api: Api, **environ: str) -> str:
    response = api.call("GET", "/metrics", environ_overrides=environ)
    assert response.status_code == 200
    return response.text


def test_figures_count_by_route(scene: Scene) -> None:
    path = f"/v1/conversations/{scene.group}"
    for user in (scene.owner, scene.member, scene.stranger):
        scene.api.call("GET", path, user=user)
    shown = figures(scene.api)
    rule = 'method="GET",route="/v1/conversations/<id:cid>"'
    assert f'parley_api_requests_total{{{rule},status="200"}} 2.0' in shown
    assert f'parley_api_requests_total{{{rule},status="404"}} 1.0' in shown
    assert f"parley_api_request_seconds_count{{{rule}}} 3.0" in shown
    assert scene.group not in shown


def test_figures_are_shown_near_or_for_a_token(settings: Settings) -> None:
    api_settings = configured.Api(metrics_token="a long secret")
    with opened(replace(settings, api=api_settings)) as api:
        assert figures(api, REMOTE_ADDR="::1")
        assert figures(api, HTTP_AUTHORIZATION="Bearer a long secret", **ELSEWHERE)
        for environ in (
            ELSEWHERE,
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_AUTHORIZATION": "Bearer another", **ELSEWHERE},
        ):
            assert api.call("GET", "/metrics", environ_overrides=environ).status_code == 403


def test_without_a_token_nobody_reads_figures_from_elsewhere(api: Api) -> None:
    environ = {"HTTP_AUTHORIZATION": "Bearer ", **ELSEWHERE}
    assert api.call("GET", "/metrics", environ_overrides=environ).status_code == 403


def test_a_requests_id_goes_into_the_log_and_the_outbox(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    api, headers = scene.api, {"X-Request-Id": ID}
    path = f"/v1/conversations/{scene.group}"
    with caplog.at_level(logging.INFO, "webapi"):
        body = {"name": "Linkers"}
        response = api.call("PATCH", path, body, user=scene.owner, more_headers=headers)
    assert response.headers["X-Request-Id"] == ID
    (record,) = [record for record in caplog.records if record.name == "webapi.operations.watch"]
    fields = record.__dict__["fields"]
    assert (fields["request"], fields["method"], fields["status"]) == (ID, "PATCH", 200)
    assert fields["route"] == "/v1/conversations/<id:cid>"
    with api.app.app_context():
        assert ledger().parcels(100)[-1].request == ID


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "x\u00e9"])
def test_an_id_that_is_none_is_not_taken(api: Api, given: str) -> None:
    ids = {
        api.call("GET", "/v1/server", more_headers={"X-Request-Id": given}).headers["X-Request-Id"]
        for _ in range(2)
    }
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", found) for found in ids)


def test_logs_name_no_person_and_no_secret(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    api, user = scene.api, scene.owner
    with caplog.at_level(logging.DEBUG):
        api.call("POST", "/v1/sessions", {"name": "owner", "password": PASSWORD})
        api.call("GET", f"/v1/search?q=secret&cid={scene.group}", user=user)
        api.call("GET", f"/v1/people/{scene.member.uid}", user=user)
        api.call("GET", "/secret-path")
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (PASSWORD, user.token, user.uid, scene.member.uid, scene.group, "secret-path"):
        assert secret not in told


@pytest.fixture
def collector() -> Iterator[tuple[str, SimpleQueue[Span]]]:
    """A collector of spans: its URL, and what it has been sent."""
    received: SimpleQueue[Span] = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        received.put(span)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
        server.shutdown()


def test_spans_reach_a_collector(
    settings: Settings, collector: tuple[str, SimpleQueue[Span]]
) -> None:
    url, received = collector
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with opened(replace(settings, api=configured.Api(traces=url))) as api:
        headers = {"traceparent": f"00-{trace}-{parent}-01", "X-Request-Id": ID}
        api.call("GET", "/v1/server", more_headers=headers)
        span = received.get(timeout=_SECONDS)
    assert span.name == "GET /v1/server"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace, parent)
    attributes = {pair.key: pair.value for pair in span.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["parley.request"].string_value == ID
