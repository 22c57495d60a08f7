"""Reports: what people tell the moderators."""

from webapi.reports.views import blueprint

__all__ = ["blueprint"]
