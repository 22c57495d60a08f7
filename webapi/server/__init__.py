"""The server itself: what it is called, and where its broker is."""

from webapi.server.views import blueprint

__all__ = ["blueprint"]
