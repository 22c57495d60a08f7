"""For those who run the server: whether it lives, and whether it can do its work."""

from webapi.operations.views import blueprint

__all__ = ["blueprint"]
