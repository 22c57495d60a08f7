"""History: pages of messages, single ones, and what a device lacks."""

from webapi.history.views import blueprint

__all__ = ["blueprint"]
