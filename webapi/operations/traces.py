"""A span for each request, to an OpenTelemetry collector (OTLP over HTTP), by setting.

What OpenTelemetry needs is installed with ``parley[traces]``.
"""

from importlib import import_module
from typing import Any

from flask import request

from config.settings import Settings, SettingsError
from storage.origin import request_id

_SERVER_ERROR = 500


class Spans:
    """Sends spans from a thread of its own; without ``api.traces`` it does nothing."""

    def __init__(self, settings: Settings) -> None:
        self._tracer: Any = None
        if settings.api.traces:
            self._propagation, self._trace = (
                _load("opentelemetry.propagate"),
                _load("opentelemetry.trace"),
            )
            self._provider = _provider(settings.api.traces)
            self._tracer = self._provider.get_tracer("parley")

    def add(self, route: str, status: int, begun: int, ended: int) -> None:
        """Tell of a request, as a part of the trace that it names (W3C Trace Context).

        Times are nanoseconds since 1970.
        """
        if self._tracer is None:
            return
        span = self._tracer.start_span(
            f"{request.method} {route}",
            context=self._propagation.extract(request.headers),
            kind=self._trace.SpanKind.SERVER,
            start_time=begun,
            attributes={
                "http.request.method": request.method,
                "http.route": route,
                "http.response.status_code": status,
                "parley.request": request_id.get() or "",
            },
        )
        if status >= _SERVER_ERROR:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(ended)


def _provider(endpoint: str) -> Any:  # noqa: ANN401 - the library may be missing
    sdk, export = _load("opentelemetry.sdk.trace"), _load("opentelemetry.sdk.trace.export")
    otlp = _load("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    resource = _load("opentelemetry.sdk.resources").Resource.create({"service.name": "parley"})
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint)))
    return provider


def _load(name: str) -> Any:  # noqa: ANN401 - the library may be missing
    try:
        return import_module(name)
    except ImportError:
        raise SettingsError("api.traces needs what parley[traces] installs") from None
