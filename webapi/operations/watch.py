"""What is noted of every request: an id, a line in the log, figures, and maybe a span.

None of it names a person, a conversation or an address: a route stands where the path would.
"""

import logging
import re
import time
from collections.abc import Callable

from flask import Flask, Response, g, request

from config.settings import Settings
from parley_protocol.ids import new_id
from storage.origin import REQUEST_MAX, request_id
from webapi.operations import traces
from webapi.operations.figures import Figures

HEADER = "X-Request-Id"
KEY = "parley_figures"
NO_ROUTE = "none"
_OURS = "operations"
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{REQUEST_MAX}}}")
_log = logging.getLogger(__name__)


def register(app: Flask, settings: Settings) -> None:
    """Watch the requests to an app; to be called before anything else hooks into them."""
    figures, spans = Figures(), traces.Spans(settings)
    app.extensions[KEY] = figures
    app.before_request(_begin)
    app.after_request(_noting(figures, spans))


def _begin() -> None:
    g.parley_begun = time.time_ns()
    given = request.headers.get(HEADER, "")
    request_id.set(given if _ID.fullmatch(given) else new_id())


def _noting(figures: Figures, spans: traces.Spans) -> Callable[[Response], Response]:
    def note(response: Response) -> Response:
        begun, ended, known = g.parley_begun, time.time_ns(), request_id.get()
        route = request.url_rule.rule if request.url_rule else NO_ROUTE
        response.headers[HEADER] = known
        figures.count(request.method, route, response.status_code, (ended - begun) / 1e9)
        spans.add(route, response.status_code, begun, ended)
        _say(route, response.status_code, (ended - begun) / 1e6)
        return response

    return note


def _say(route: str, status: int, milliseconds: float) -> None:
    # Who looks after the server asks every few seconds.
    level = logging.DEBUG if request.blueprint == _OURS else logging.INFO
    fields = {
        "request": request_id.get(),
        "method": request.method,
        "route": route,
        "status": status,
        "ms": round(milliseconds, 1),
    }
    _log.log(level, "answered", extra={"fields": fields})
