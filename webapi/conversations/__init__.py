"""Conversations: pairs and groups, their members and roles."""

from webapi.conversations.views import blueprint

__all__ = ["blueprint"]
