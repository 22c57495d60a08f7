"""Accounts and their sessions: sign-up, login, refresh, logout, one's own profile."""

from webapi.accounts.views import blueprint

__all__ = ["blueprint"]
