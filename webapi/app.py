"""The API as a WSGI application."""

from typing import Any

from argon2 import PasswordHasher
from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from config import keys
from config.settings import Settings
from storage.archive import open_archive
from storage.seal import Seal
from webapi import (
    accounts,
    auth,
    conversations,
    database,
    docs,
    email,
    history,
    limits,
    links,
    openapi,
    openid,
    operations,
    passwords,
    people,
    problems,
    reports,
    seal,
    search,
    second_factor,
    server,
    sessions,
)
from webapi import settings as configured
from webapi.accounts.passwords import KEY as PASSWORDS
from webapi.accounts.passwords import Passwords
from webapi.openid.provider import KEY as PROVIDER
from webapi.openid.provider import Provider
from webapi.operations import watch
from webapi.sessions import issuer

_ROOMS = (
    accounts,
    sessions,
    email,
    passwords,
    second_factor,
    openid,
    people,
    conversations,
    history,
    search,
    reports,
    links,
    server,
    operations,
    docs,
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class _IdConverter(BaseConverter):
    regex = "[0-9a-f]{32}"


def create_app(settings: Settings, hasher: PasswordHasher | None = None) -> Flask:
    """Make the application. ``hasher`` sets what a password's hash costs."""
    app = _with_rooms()
    app.extensions[auth.KEY] = keys.public_key(settings.folder)
    app.extensions[issuer.KEY] = issuer.Issuer(settings)
    app.extensions[PASSWORDS] = Passwords(hasher)
    app.extensions[PROVIDER] = Provider(settings.openid) if settings.openid.issuer else None
    app.extensions[seal.KEY] = Seal(keys.secrets_key(settings.folder))
    app.extensions[configured.KEY] = settings
    watch.register(app, settings)
    problems.register(app)
    limits.register(app, settings.limits)
    database.register(app, settings.ledger_url, open_archive(settings.archive.url))
    app.after_request(_add_headers)
    if settings.api.proxies:
        count = settings.api.proxies
        proxied = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    return app


def describe() -> dict[str, Any]:
    """Give the OpenAPI document, without a server or a database."""
    with _with_rooms().app_context():
        return openapi.document()


def _with_rooms() -> Flask:
    app = Flask("webapi", static_folder=None)
    app.url_map.converters["id"] = _IdConverter
    app.url_map.strict_slashes = True
    for room in _ROOMS:
        app.register_blueprint(room.blueprint)
    return app


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
