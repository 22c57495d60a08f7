"""Links into groups."""

from webapi.links.views import blueprint

__all__ = ["blueprint"]
