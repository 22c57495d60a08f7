"""Serve the manual from files of our own, so that it works without a network."""

from importlib.resources import files
from pathlib import Path

import offapi
from flask import Blueprint, Response, send_file
from werkzeug.exceptions import NotFound

from webapi import openapi

blueprint = Blueprint("docs", __name__)
_OURS = Path(str(files("webapi"))) / "docs" / "static"
_THEIRS = Path(offapi.__file__).parent
_ASSETS = {
    "swagger.js": _THEIRS / "swagger_bundle.js",
    "swagger.css": _THEIRS / "swagger_style.css",
    "start.js": _OURS / "start.js",
}
# The page's library sets styles on elements; nothing but our own files may run.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@blueprint.get("/v1/openapi.json")
def show_document() -> dict[str, object]:
    """Give the OpenAPI document."""
    return openapi.document()


@blueprint.get("/v1/docs")
def show_page() -> Response:
    """Show the manual."""
    response = send_file(_OURS / "index.html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/v1/docs/<asset>")
def show_asset(asset: str) -> Response:
    """Give one of the page's files."""
    if asset not in _ASSETS:
        raise NotFound
    return send_file(_ASSETS[asset], max_age=3600)
