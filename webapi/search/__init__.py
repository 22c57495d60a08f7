"""Search in one's conversations."""

from webapi.search.views import blueprint

__all__ = ["blueprint"]
