"""The server itself: where its broker is, and whether it is well."""

from webapi.server.views import blueprint

__all__ = ["blueprint"]
