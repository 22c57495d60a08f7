"""Sessions: a device logs in, renews its tokens, and leaves or is made to leave."""

from webapi.sessions.views import blueprint

__all__ = ["blueprint"]
